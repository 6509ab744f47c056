package io.t3d.data.published;

/** Why rows and files are left out: the texts of the statistics. */
public final class Drop {
  public static final String NO_FILE =
      "the volume's file is not here (a part of the set was downloaded)";
  static final String NO_REPORT = "the report is missing or empty";
  static final String NO_ROW = "a volume without a row in the set's tables";
  public static final String REPEATED = "a row that repeats another word for word";
  static final String NO_CHEST = "listed by the set as not showing the chest";
  public static final String BAD = "a row with an error, left out on request";
  public static final String UNREADABLE =
      "a volume whose header cannot be read, left out on request";
  public static final String RECONSTRUCTION = "another reconstruction of a scan that is kept";
  public static final String SAME_FILE = "the same file as a volume that is kept";
  public static final String SAME_REPORT = "the same report as a pair that is kept";
  public static final String OTHER_SPLIT = "a scan of a patient who is also in an evaluation split";

  private Drop() {}
}
