package io.t3d.data.phantom.generate;

import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.phantom.FindingKind;
import java.util.Arrays;
import java.util.List;

/** Prompts for zero-shot classification of phantoms, in the wording of their reports. */
public final class PhantomPrompts {
  private PhantomPrompts() {}

  /** The prompts of each {@link FindingKind}, in order; they are named by its label. */
  public static List<FindingPrompts> all() {
    return Arrays.stream(FindingKind.values()).map(PhantomPrompts::of).toList();
  }

  private static FindingPrompts of(FindingKind kind) {
    return switch (kind) {
      case NODULE ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "There is a 24 mm pulmonary nodule in the right upper lobe.",
                  "Round nodule in the left lower lobe measures 28 mm.",
                  "Two pulmonary nodules, the largest measuring 30 mm in the right lower lobe.",
                  "Multiple pulmonary nodules."),
              List.of(
                  "No pulmonary nodule.",
                  "No evidence of nodule or mass.",
                  "There is no suspicious pulmonary nodule."));
      case PLEURAL_EFFUSION ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "There is a moderate left pleural effusion.",
                  "Large right pleural effusion layering posteriorly.",
                  "Small bilateral pleural effusions."),
              List.of(
                  "No pleural effusion.",
                  "Without evidence of pleural fluid.",
                  "The pleural spaces are clear."));
      case CONSOLIDATION ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "There is airspace consolidation in the right lower lobe.",
                  "Patchy consolidation of the left upper lobe.",
                  "Focal airspace opacity in the right upper lobe.",
                  "Left lower lobe consolidation."),
              List.of(
                  "No consolidation.",
                  "There is no focal consolidation.",
                  "No evidence of airspace opacity.",
                  "The airspaces are clear."));
      case CARDIOMEGALY ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "Moderate cardiomegaly.",
                  "The heart is enlarged.",
                  "The cardiac silhouette is enlarged."),
              List.of(
                  "No cardiomegaly.",
                  "The heart is normal in size.",
                  "Heart size is within normal limits."));
      case EMPHYSEMA ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "Moderate centrilobular emphysema.",
                  "There is severe emphysema with upper lobe predominance.",
                  "Emphysematous changes in the upper lobes."),
              List.of(
                  "No emphysema.",
                  "No evidence of emphysematous change.",
                  "Lung attenuation is homogeneous."));
      case CALCIFICATION ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "Moderate calcification of the aorta and coronary arteries.",
                  "There are severe vascular calcifications.",
                  "Calcified plaques of the thoracic aorta."),
              List.of(
                  "No vascular calcification.",
                  "No evidence of aortic or coronary calcification.",
                  "The aorta is smooth and normal in calibre."));
      case PNEUMOTHORAX ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "There is a moderate left pneumothorax.",
                  "Large right pneumothorax, anterior and apical.",
                  "Small left pneumothorax."),
              List.of(
                  "No pneumothorax.",
                  "There is no pneumothorax.",
                  "The lungs are fully expanded to the chest wall."));
      case ATELECTASIS ->
          new FindingPrompts(
              kind.label(),
              List.of(
                  "There is moderate left basilar atelectasis.",
                  "Right lower lobe atelectasis with elevation of the hemidiaphragm.",
                  "Severe atelectasis at the left lung base."),
              List.of(
                  "No atelectasis.",
                  "No evidence of basilar atelectasis.",
                  "The hemidiaphragms are normal in position."));
    };
  }
}
