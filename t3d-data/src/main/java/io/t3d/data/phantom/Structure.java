package io.t3d.data.phantom;

/**
 * The structures of a phantom's mask, by voxel value; a finding takes precedence over the organ
 * under it.
 */
public enum Structure {
  /** Air around the patient, and the table. */
  BACKGROUND,
  /** Skin, fat, muscle and all soft tissue that has no value of its own. */
  BODY,
  /** Aerated right upper lobe. */
  RIGHT_UPPER_LOBE,
  /** Aerated right middle lobe. */
  RIGHT_MIDDLE_LOBE,
  /** Aerated right lower lobe. */
  RIGHT_LOWER_LOBE,
  /** Aerated left upper lobe, lingula included. */
  LEFT_UPPER_LOBE,
  /** Aerated left lower lobe. */
  LEFT_LOWER_LOBE,
  /** Heart. */
  HEART,
  /** Aorta. */
  AORTA,
  /** Trachea and main bronchi. */
  AIRWAY,
  /** Spine, ribs and sternum. */
  BONE,
  /** Liver. */
  LIVER,
  /** {@link FindingKind#NODULE}. */
  NODULE,
  /** {@link FindingKind#PLEURAL_EFFUSION}. */
  PLEURAL_EFFUSION,
  /** {@link FindingKind#CONSOLIDATION}. */
  CONSOLIDATION,
  /** {@link FindingKind#EMPHYSEMA}. */
  EMPHYSEMA,
  /** {@link FindingKind#CALCIFICATION}. */
  CALCIFICATION,
  /** {@link FindingKind#PNEUMOTHORAX}. */
  PNEUMOTHORAX,
  /** {@link FindingKind#ATELECTASIS}. */
  ATELECTASIS;

  /** Its value in the mask, 0 for {@link #BACKGROUND}. */
  public int value() {
    return ordinal();
  }

  public boolean isLobe() {
    return ordinal() >= RIGHT_UPPER_LOBE.ordinal() && ordinal() <= LEFT_LOWER_LOBE.ordinal();
  }
}
