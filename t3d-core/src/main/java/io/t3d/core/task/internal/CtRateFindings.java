package io.t3d.core.task.internal;

import java.util.List;

/**
 * CT-RATE's 18 findings of chest CT. (Hamamci et al. 2024, <a
 * href="https://arxiv.org/abs/2403.17834">arXiv 2403.17834</a>)
 */
public final class CtRateFindings {
  private static final List<String> NAMES =
      List.of(
          "Medical material",
          "Arterial wall calcification",
          "Cardiomegaly",
          "Pericardial effusion",
          "Coronary artery wall calcification",
          "Hiatal hernia",
          "Lymphadenopathy",
          "Emphysema",
          "Atelectasis",
          "Lung nodule",
          "Lung opacity",
          "Pulmonary fibrotic sequela",
          "Pleural effusion",
          "Mosaic attenuation pattern",
          "Peribronchial thickening",
          "Consolidation",
          "Bronchiectasis",
          "Interlobular septal thickening");

  private CtRateFindings() {}

  /** Their names, in the order of CT-RATE's tables of labels and of its classifiers. */
  public static List<String> names() {
    return NAMES;
  }
}
