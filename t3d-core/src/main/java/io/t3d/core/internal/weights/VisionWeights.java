package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import java.io.IOException;
import java.util.Map;

/** From the names and shapes of published vision weights to those of our encoders. */
public final class VisionWeights {
  private VisionWeights() {}

  /**
   * Renames and reshapes: MONAI's and MedicalNet's ResNets, MONAI's ViT, Primus, and 2D ViTs of
   * timm and HuggingFace, which are inflated over the depth.
   *
   * @param config of the encoder to fill
   * @param tensors under the names of the file
   * @param source what to call the weights in an error
   * @return under the encoder's names; whether they are all there is for the loading to check
   * @throws IOException when the file holds another kind of network, or one that this config of the
   *     encoder cannot express
   */
  public static Map<String, NDArray> toEncoder(
      VisionConfig config, Map<String, NDArray> tensors, String source) throws IOException {
    if (config instanceof ResNet3dConfig resnet) {
      return ResNetWeights.toEncoder(resnet, tensors, source);
    }
    if (config instanceof Vit3dConfig vit && PrimusWeights.recognises(tensors)) {
      return PrimusWeights.toEncoder(vit, tensors, source);
    }
    return VitWeights.toEncoder((Vit3dConfig) config.builtIn("Loading " + source), tensors, source);
  }
}
