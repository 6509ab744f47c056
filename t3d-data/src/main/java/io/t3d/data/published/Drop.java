package io.t3d.data.published;

/** Why a layout leaves rows and files out: the texts of the statistics. */
final class Drop {
  static final String NO_FILE = "the volume's file is not here (a part of the set was downloaded)";
  static final String NO_REPORT = "the report is missing or empty";
  static final String NO_ROW = "a volume without a row in the set's tables";
  static final String REPEATED = "a row that repeats another word for word";
  static final String NO_CHEST = "listed by the set as not showing the chest";

  private Drop() {}
}
