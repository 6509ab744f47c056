package io.t3d.serve.view;

import io.t3d.core.model.Relevance;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;

/** What the page gets as JSON. */
final class Answers {
  private Answers() {}

  /**
   * What there is to see.
   *
   * @param name of the scan
   * @param size voxels along x, y, z
   * @param spacing mm along x, y, z
   * @param orientation the axis codes of x, y, z
   * @param bytes of the scan as NIfTI
   * @param windows grey values; the first ones to start with
   * @param mask its labels; empty without a mask
   * @param sentences whether sentences can be asked for
   * @param why why they cannot; empty when they can
   */
  record Overview(
      String name,
      int[] size,
      double[] spacing,
      String orientation,
      long bytes,
      List<Scan.Window> windows,
      List<MaskLegend.Entry> mask,
      boolean sentences,
      String why) {
    static Overview of(Scan scan, boolean sentences, String why) {
      Volume v = scan.volume();
      return new Overview(
          scan.name(),
          new int[] {v.width(), v.height(), v.depth()},
          new double[] {v.spacing().x(), v.spacing().y(), v.spacing().z()},
          v.orientation(),
          NiftiWriter.length(v, scan.type()),
          scan.windows(),
          scan.legend().map(MaskLegend::entries).orElse(List.of()),
          sentences,
          why);
    }
  }

  /**
   * Probabilities of the model's prompts.
   *
   * @param findings in the order of the prompts
   */
  record Findings(List<Sentences.Finding> findings) {}

  /**
   * A question.
   *
   * @param text a sentence
   */
  record Question(String text) {
    private static final int LONGEST = 2000;

    Question {
      if (text.isBlank()) {
        throw new IllegalArgumentException("text must be a sentence, got \"" + text + "\"");
      }
      if (text.length() > LONGEST) {
        throw new IllegalArgumentException(
            "text must have at most " + LONGEST + " characters, got " + text.length());
      }
    }
  }

  /**
   * Where a sentence looks.
   *
   * @param text the sentence
   * @param score cosine between the sentence and the tokens gathered around it
   * @param peak centre of the heaviest token, mm, RAS+
   * @param tokens along x, y, z
   * @param heaviest the largest weight
   * @param nifti the weights on the token grid, as a NIfTI file in Base64
   */
  record HeatMap(
      String text, double score, double[] peak, int[] tokens, double heaviest, String nifti) {
    static HeatMap of(Relevance relevance) throws IOException {
      TokenGrid grid = relevance.grid();
      Volume weights =
          new Volume(
              relevance.weights(),
              grid.depth(),
              grid.height(),
              grid.width(),
              grid.affines().get(0));
      ByteArrayOutputStream nifti = new ByteArrayOutputStream();
      NiftiWriter.write(nifti, weights, PixelType.FLOAT32);
      double heaviest = 0;
      for (float w : relevance.weights()) {
        heaviest = Math.max(heaviest, w);
      }
      return new HeatMap(
          relevance.text(),
          relevance.score(),
          relevance.peak(),
          new int[] {grid.width(), grid.height(), grid.depth()},
          heaviest,
          Base64.getEncoder().encodeToString(nifti.toByteArray()));
    }
  }
}
