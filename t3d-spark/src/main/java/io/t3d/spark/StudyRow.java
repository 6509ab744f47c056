package io.t3d.spark;

import java.io.Serializable;

/**
 * What the rows of all data sets of a manifest have in common. A bean, as Spark's encoders want it;
 * nothing in it is null.
 */
public abstract class StudyRow implements Serializable {
  private static final long serialVersionUID = 1L;

  private int row;
  private String path = "";
  private String study = "";
  private String split = "";
  private String problem = "";

  StudyRow() {}

  /** Takes what the manifest says. */
  final void describe(StudyLine line, String why) {
    row = line.row();
    path = line.volume();
    study = line.study();
    split = io.t3d.data.manifest.Split.valueOf(line.split()).text();
    problem = why;
  }

  /** Its row in the manifest as a spreadsheet counts, the header being row 1; no two share it. */
  public int getRow() {
    return row;
  }

  /** Sets the row. */
  public void setRow(int row) {
    this.row = row;
  }

  /** The raw volume, absolute. */
  public String getPath() {
    return path;
  }

  /** Sets the path. */
  public void setPath(String path) {
    this.path = path;
  }

  /** The manifest's {@code id}, what its data set calls the volume; empty when there is none. */
  public String getStudy() {
    return study;
  }

  /** Sets the study. */
  public void setStudy(String study) {
    this.study = study;
  }

  /** {@code train}, {@code validation}, {@code test}, or empty. */
  public String getSplit() {
    return split;
  }

  /** Sets the split. */
  public void setSplit(String split) {
    this.split = split;
  }

  /** Why the volume cannot be used, and the likely fix; empty when all is well. */
  public String getProblem() {
    return problem;
  }

  /** Sets the problem. */
  public void setProblem(String problem) {
    this.problem = problem;
  }
}
