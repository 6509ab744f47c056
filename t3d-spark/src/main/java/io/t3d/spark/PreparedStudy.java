package io.t3d.spark;

/** What became of a volume that {@link T3DSpark#preprocess} was to prepare. */
public final class PreparedStudy extends StudyRow {
  private static final long serialVersionUID = 1L;

  private String prepared = "";
  private boolean written;
  private long bytes;

  /** For Spark's encoder. */
  public PreparedStudy() {}

  /** The prepared volume; empty when there is a problem. */
  public String getPrepared() {
    return prepared;
  }

  /** Sets the prepared volume. */
  public void setPrepared(String prepared) {
    this.prepared = prepared;
  }

  /**
   * Whether the task whose result counts wrote it; false when it was there already, be it from an
   * earlier run or from a task whose executor was lost.
   */
  public boolean isWritten() {
    return written;
  }

  /** Sets whether it was written. */
  public void setWritten(boolean written) {
    this.written = written;
  }

  /** Size of the prepared volume and mask. */
  public long getBytes() {
    return bytes;
  }

  /** Sets the size. */
  public void setBytes(long bytes) {
    this.bytes = bytes;
  }
}
