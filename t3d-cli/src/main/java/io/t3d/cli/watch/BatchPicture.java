package io.t3d.cli.watch;

import io.t3d.core.train.PairBatch;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * A small picture of what a batch holds: the middle axial slices of the first views of its first
 * pairs, side by side, in one scale of grey.
 *
 * @param width in pixels
 * @param height in pixels
 * @param png the file
 */
record BatchPicture(int width, int height, byte[] png) {
  private static final int PAIRS = 4;

  /** Draws it. */
  static BatchPicture of(PairBatch batch) throws IOException {
    List<Volume> volumes =
        batch.views().stream().limit(PAIRS).map(views -> views.get(0)).map(View::crop).toList();
    int height = volumes.get(0).height();
    int each = volumes.get(0).width();
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (Volume volume : volumes) {
      for (float voxel : volume.voxels()) {
        low = Math.min(low, voxel);
        high = Math.max(high, voxel);
      }
    }
    float scale = high > low ? 255 / (high - low) : 0;
    BufferedImage image =
        new BufferedImage(each * volumes.size(), height, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < volumes.size(); i++) {
      Volume volume = volumes.get(i);
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < each; x++) {
          int grey = Math.round((volume.get(volume.depth() / 2, y, x) - low) * scale);
          image.getRaster().setSample(i * each + x, y, 0, grey);
        }
      }
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(image, "png", png);
    return new BatchPicture(image.getWidth(), height, png.toByteArray());
  }
}
