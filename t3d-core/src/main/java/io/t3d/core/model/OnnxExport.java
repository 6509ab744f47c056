package io.t3d.core.model;

import io.t3d.core.T3dException;
import io.t3d.core.config.CustomTextConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.onnx.OnnxModels;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes a model's encoders, projections among them, as files of ONNX (operations of version 17),
 * so that their output is the embedding.
 *
 * <pre>{@code
 * DIR/vision.onnx     views (batch, 1, D, H, W) → embedding (batch, E), tokens (batch, N, C)
 *                     of an OrganVit3d: windows as views, mask (batch, 1, D, H, W), organ (batch),
 *                     int64 → embedding (batch, E)
 * DIR/text.onnx       input_ids, attention_mask (batch, length), int64 → embedding (batch, E)
 * DIR/tokenizer.json  gives those ids
 * }</pre>
 *
 * <p>Embeddings and tokens equal the model's but for rounding. A {@code CtVit} replaces each token
 * by the code nearest to it: a token that is about as near to two of them may get the other one,
 * since another runtime rounds otherwise.
 *
 * <p>Of an {@code OrganVit3d} the mask is more than 0 in the voxels of the organ that the window is
 * about, and {@code organ} is its place in the order of the note {@code t3d.organs} of the file
 * (where no voxel is of the organ, the embedding is NaN). Windows may have any size that the patch
 * divides, unless positions are SINCOS or LEARNED.
 *
 * <p>Volumes must be prepared, and texts worded and cut, as the model wants them: that is no part
 * of the files.
 */
public final class OnnxExport {
  private OnnxExport() {}

  /**
   * Writes what the model has; each file is replaced as a whole.
   *
   * @param model to export; stays as it is
   * @param view (D, H, W), the size of views that {@code vision.onnx} is for; a multiple of the
   *     patch where it takes windows of any size
   * @param folder made when missing
   * @return the files
   * @throws T3dException when the vision encoder is none of {@code ResNet3d}, {@code Vit3d}, {@code
   *     CropVit3d}, {@code CtVit} and {@code OrganVit3d}, an encoder is a class of one's own, the
   *     patch or the crop does not divide the view, the view is larger than a learned table of
   *     positions, a file would have more than 2 GiB, or the model has low-rank pairs: {@link
   *     T3DModel#mergeLora} them first
   */
  public static List<Path> write(T3DModel model, Size3 view, Path folder) throws IOException {
    model.lora().requireNone("An export");
    if (model.config().text() instanceof CustomTextConfig custom) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "ONNX files are written of a TransformerTextEncoder, got "
              + custom.encoder()
              + ", which has no such form here; write one by code of your own");
    }
    AtomicFiles.makeFolder(folder);
    List<Path> files = new ArrayList<>();
    Map<String, String> notes = Map.of("t3d.embedDim", "" + model.config().embedDim());
    files.add(folder.resolve("vision.onnx"));
    OnnxModels.writeVision(
        model.config(), model.parameters(), model.manager(), view, files.get(0), notes);
    if (model.config().text() instanceof TextConfig text) {
      files.add(folder.resolve("text.onnx"));
      OnnxModels.writeText(model.config(), text, model.parameters(), files.get(1), notes);
      files.add(folder.resolve(ReportTokenizer.FILE_NAME));
      model.tokenizer().save(files.get(2));
    }
    return List.copyOf(files);
  }
}
