// Segmentation. Run it with: ./t3d notebook examples/notebooks/segmentation.jsh
import ai.djl.Device;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.task.segment.*;
import io.t3d.core.volume.*;
import io.t3d.data.load.*;
import io.t3d.data.manifest.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.io.*;
import io.t3d.data.io.spi.*;
import io.t3d.data.io.format.*;
import io.t3d.data.transform.*;
import io.t3d.losses.*;
import io.t3d.losses.objective.*;

// 1. Three phantom studies with masks, each in an orientation and spacing of its own.
var phantoms = new PhantomGenerator(new PhantomConfig(8, 10, 20, 5, List.of("LPS", "ASR", "RAS"), Map.of()));
var studies = List.of(phantoms.generate(1), phantoms.generate(2), phantoms.generate(3));
studies.get(2).mask();

// 2. Prepared alike: RAS, 9 mm, HU window to [0, 1]; masks by the closest voxel.
var preparation = new Preprocessing("RAS", Spacing.isotropic(9), IntensityWindow.between(-1000, 800), null, Preprocessing.NonFinite.FAIL);
SegmentationCase prepare(PhantomStudy study) {
  return new SegmentationCase(preparation.apply(study.volume()), preparation.applyToMask(study.mask()));
}
var cases = studies.subList(0, 2).stream().map(s -> prepare(s)).toList();

// 3. What to find, and a small encoder with the decoder that fits it: UNETR on a vision transformer.
var classes = List.of(new SegmentationClass("lungs", List.of(2, 3, 4, 5, 6)), SegmentationClass.of("bone", 10));
var vision = new Vit3dConfig(Size3.cube(4), 24, 2, 2, 48, Vit3dConfig.Position.SINCOS, Size3.cube(1), 0);
var config = new SegmenterConfig(vision, new DecoderConfig(6, 12), classes, Size3.cube(16), 0.5, 0.125);
var segmenter = Segmenter.create(config, Device.cpu(), 42);

// 4. Train on random crops with Dice + cross-entropy.
var training = new SegmentationTraining(40, 2, 0.5, false, SegmentationTraining.optimizer(1e-2, 42));
var losses = segmenter.train(SegmentationSource.of(cases), new DiceCrossEntropyLoss()::compute, training);
losses[0] + " to " + losses[39];

// 5. Segment the third study as it comes: windows slide over it, the mask is on its own voxels.
var raw = studies.get(2);
var mask = new VolumeSegmenter(segmenter, preparation).segment(raw.volume());
mask.affine().equals(raw.volume().affine());

// 6. Measure the lungs on these voxels. The mask has the first value of a class, here 2.
boolean[] lungs(Volume v) {
  boolean[] out = new boolean[v.voxels().length];
  for (int i = 0; i < out.length; i++) out[i] = v.voxels()[i] >= 2 && v.voxels()[i] <= 6;
  return out;
}
var scores = SegmentationScores.of(lungs(mask), lungs(raw.mask()), raw.mask());

// 7. Save the network and a mask.
var dir = Files.createTempDirectory("segmentation");
segmenter.save(dir);
NiftiWriter.write(dir.resolve("mask.nii.gz"), mask, PixelType.UINT8);
segmenter.close();
