package io.t3d.spark;

import io.t3d.data.internal.survey.SurveyRow;
import java.io.Serializable;

/**
 * What {@link T3DSpark#inspect} says of a volume: a row of the table of {@code t3d inspect --all}.
 * A bean, as Spark's encoders want it; nothing in it is null.
 */
public final class InspectedVolume implements Serializable {
  private static final long serialVersionUID = 1L;

  private String path = "";
  private String kind = "";
  private String size = "";
  private String spacing = "";
  private String orientation = "";
  private String range = "";
  private String slices = "";
  private String verdict = "";
  private String message = "";

  /** For Spark's encoder. */
  public InspectedVolume() {}

  static InspectedVolume of(SurveyRow row) {
    InspectedVolume made = new InspectedVolume();
    made.path = row.path();
    made.kind = row.kind();
    made.size = row.size();
    made.spacing = row.spacing();
    made.orientation = row.orientation();
    made.range = row.range();
    made.slices = row.slices();
    made.verdict = row.verdict().text();
    made.message = row.message();
    return made;
  }

  /** Where it lies. */
  public String getPath() {
    return path;
  }

  /** Sets the path. */
  public void setPath(String path) {
    this.path = path;
  }

  /** The format, and the modality where the file tells it. */
  public String getKind() {
    return kind;
  }

  /** Sets the kind. */
  public void setKind(String kind) {
    this.kind = kind;
  }

  /** Voxels (x, y, z); empty when its header cannot be read. */
  public String getSize() {
    return size;
  }

  /** Sets the size. */
  public void setSize(String size) {
    this.size = size;
  }

  /** In mm (x, y, z); likewise. */
  public String getSpacing() {
    return spacing;
  }

  /** Sets the spacing. */
  public void setSpacing(String spacing) {
    this.spacing = spacing;
  }

  /** Axis codes such as {@code LPS}; likewise. */
  public String getOrientation() {
    return orientation;
  }

  /** Sets the orientation. */
  public void setOrientation(String orientation) {
    this.orientation = orientation;
  }

  /** Smallest and largest finite value; empty when the voxels cannot be read. */
  public String getRange() {
    return range;
  }

  /** Sets the range. */
  public void setRange(String range) {
    this.range = range;
  }

  /** Voxels along z; empty when its header cannot be read. */
  public String getSlices() {
    return slices;
  }

  /** Sets the slices. */
  public void setSlices(String slices) {
    this.slices = slices;
  }

  /** {@code ok}, {@code warning} or {@code error}. */
  public String getVerdict() {
    return verdict;
  }

  /** Sets the verdict. */
  public void setVerdict(String verdict) {
    this.verdict = verdict;
  }

  /** What is odd or wrong; empty when nothing is. */
  public String getMessage() {
    return message;
  }

  /** Sets the message. */
  public void setMessage(String message) {
    this.message = message;
  }
}
