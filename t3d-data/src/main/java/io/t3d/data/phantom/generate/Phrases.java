package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.FindingKind;
import java.util.List;

/**
 * The wording of one kind of finding.
 *
 * @param present sentences for a finding that is there, with the slots {@code {severity} {side}
 *     {lobe} {size} {count}}
 * @param impression short forms of the same, for the impression
 * @param negated noun phrases that follow "no" or "without"
 * @param normal sentences that say that all is well without naming the finding
 */
record Phrases(
    List<String> present, List<String> impression, List<String> negated, List<String> normal) {
  private static final Phrases NODULE =
      new Phrases(
          List.of(
              "There is a {size} mm pulmonary nodule in the {lobe}.",
              "A round nodule in the {lobe} measures {size} mm.",
              "{lobe} pulmonary nodule measuring {size} mm.",
              "Solid {size} mm nodule within the {lobe}."),
          List.of("{lobe} pulmonary nodule, {size} mm.", "{size} mm nodule in the {lobe}."),
          List.of("pulmonary nodule", "suspicious pulmonary nodule", "nodule or mass"),
          List.of());
  private static final Phrases NODULES =
      new Phrases(
          List.of(
              "{count} pulmonary nodules, the largest measuring {size} mm in the {lobe}.",
              "There are {count} round nodules, the largest of {size} mm in the {lobe}.",
              "{count} solid nodules are present, up to {size} mm in the {lobe}."),
          List.of("{count} pulmonary nodules up to {size} mm.", "Multiple pulmonary nodules."),
          List.of(),
          List.of());
  private static final Phrases EFFUSION =
      new Phrases(
          List.of(
              "There is a {severity} {side} pleural effusion.",
              "{severity} {side} pleural effusion layering posteriorly.",
              "{side} pleural effusion, {severity} in volume.",
              "{severity} amount of {side} pleural fluid at the lung base."),
          List.of("{severity} {side} pleural effusion.", "{side} pleural effusion."),
          List.of("pleural effusion", "pleural fluid"),
          List.of("The pleural spaces are clear.", "The costophrenic angles are clear."));
  private static final Phrases CONSOLIDATION =
      new Phrases(
          List.of(
              "There is airspace consolidation in the {lobe}.",
              "Patchy consolidation of the {lobe}.",
              "{lobe} consolidation with ill-defined margins.",
              "Focal airspace opacity in the {lobe}, {severity} in extent."),
          List.of("{lobe} consolidation.", "Airspace consolidation in the {lobe}."),
          List.of("consolidation", "focal consolidation", "airspace opacity"),
          List.of("The airspaces are clear."));
  private static final Phrases CARDIOMEGALY =
      new Phrases(
          List.of(
              "{severity} cardiomegaly.",
              "The heart is enlarged, {severity} in degree.",
              "The cardiac silhouette is enlarged.",
              "There is {severity} cardiac enlargement."),
          List.of("Cardiomegaly.", "{severity} cardiomegaly."),
          List.of("cardiomegaly", "cardiac enlargement"),
          List.of(
              "The heart is normal in size.",
              "Heart size is within normal limits.",
              "Normal cardiac silhouette."));
  private static final Phrases EMPHYSEMA =
      new Phrases(
          List.of(
              "{severity} centrilobular emphysema.",
              "There is {severity} emphysema with upper lobe predominance.",
              "Emphysematous changes in the upper lobes, {severity} in degree.",
              "Multiple low attenuation areas consistent with {severity} emphysema."),
          List.of("{severity} emphysema.", "Emphysema."),
          List.of("emphysema", "emphysematous change"),
          List.of("Lung attenuation is homogeneous."));
  private static final Phrases CALCIFICATION =
      new Phrases(
          List.of(
              "{severity} calcification of the aorta and coronary arteries.",
              "There are {severity} vascular calcifications.",
              "Calcified plaques of the thoracic aorta.",
              "Coronary artery and aortic calcification, {severity} in degree."),
          List.of("{severity} aortic and coronary calcification.", "Vascular calcifications."),
          List.of("vascular calcification", "aortic or coronary calcification"),
          List.of("The aorta is smooth and normal in calibre."));
  private static final Phrases PNEUMOTHORAX =
      new Phrases(
          List.of(
              "There is a {severity} {side} pneumothorax.",
              "{severity} {side} pneumothorax, anterior and apical.",
              "{side} pneumothorax, {severity} in size."),
          List.of("{severity} {side} pneumothorax.", "{side} pneumothorax."),
          List.of("pneumothorax"),
          List.of("The lungs are fully expanded to the chest wall."));
  private static final Phrases ATELECTASIS =
      new Phrases(
          List.of(
              "There is {severity} {side} basilar atelectasis.",
              "{side} lower lobe atelectasis with elevation of the hemidiaphragm.",
              "{severity} atelectasis at the {side} lung base."),
          List.of("{side} basilar atelectasis.", "{severity} {side} atelectasis."),
          List.of("atelectasis", "basilar atelectasis"),
          List.of("The hemidiaphragms are normal in position."));

  static Phrases of(FindingKind kind, int count) {
    return switch (kind) {
      case NODULE -> count > 1 ? NODULES : NODULE;
      case PLEURAL_EFFUSION -> EFFUSION;
      case CONSOLIDATION -> CONSOLIDATION;
      case CARDIOMEGALY -> CARDIOMEGALY;
      case EMPHYSEMA -> EMPHYSEMA;
      case CALCIFICATION -> CALCIFICATION;
      case PNEUMOTHORAX -> PNEUMOTHORAX;
      case ATELECTASIS -> ATELECTASIS;
    };
  }
}
