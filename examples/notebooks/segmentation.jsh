// Segmentation
// A small encoder and decoder learn lungs and bone from two phantoms and segment a third. `./t3d segment train` does it on a
// manifest, and `TrainedModel.segment(…)` uses what that left.
// Run it with `./t3d notebook examples/notebooks/segmentation.jsh`; docs/notebooks.md tells how in jshell and Jupyter.
import ai.djl.Device;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.task.segment.*;
import io.t3d.core.volume.*;
import io.t3d.data.io.*;
import io.t3d.data.io.spi.*;
import io.t3d.data.load.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.losses.*;

// 1. Three phantom studies with masks
// Each has an orientation and spacing of its own.
var phantoms = new PhantomGenerator(new PhantomConfig(8, 10, 20, 5, List.of("LPS", "ASR", "RAS"), Map.of()));
var studies = List.of(phantoms.generate(1), phantoms.generate(2), phantoms.generate(3));
String sizeOf(Volume v) {
  return "%d × %d × %d voxels of %.1f × %.1f × %.1f mm, %s".formatted(v.depth(), v.height(), v.width(), v.spacing().z(), v.spacing().y(), v.spacing().x(), v.orientation());
}
System.out.println("Three studies:");
for (PhantomStudy s : studies) System.out.println("  " + sizeOf(s.volume()));

// 2. Prepared alike
// RAS, 9 mm, HU window to [0, 1]; masks by the closest voxel.
var preparation = Configs.fromYaml("""
    orientation: RAS
    spacing: {z: 9, y: 9, x: 9}
    window: {level: -100, width: 1800}
    size: null # as large as it comes
    nonFinite: FAIL
    """, Preprocessing.class);
SegmentationCase prepare(PhantomStudy study) {
  return new SegmentationCase(preparation.apply(study.volume()), preparation.applyToMask(study.mask()));
}
var cases = studies.subList(0, 2).stream().map(s -> prepare(s)).toList();
System.out.println("The two to train on, prepared:");
for (SegmentationCase c : cases) System.out.println("  " + sizeOf(c.volume()));

// 3. What to find
// And a small encoder with the decoder that fits it: UNETR on a vision transformer.
var classes = List.of(new SegmentationClass("lungs", List.of(2, 3, 4, 5, 6)), SegmentationClass.of("bone", 10));
var vision = Vit3dConfig.builder().patch(Size3.cube(4)).hiddenSize(24).layers(2).heads(2).mlpSize(48).gridSize(Size3.cube(1)).build();
var config = new SegmenterConfig(vision, new DecoderConfig(6, 12), classes, Size3.cube(16), 0.5, 0.125);
var segmenter = Segmenter.create(config, Device.cpu(), 42);
System.out.println("Classes beside the background: " + classes.stream().map(SegmentationClass::name).toList());

// 4. Train
// On random crops, with Dice + cross-entropy.
var training = new SegmentationTraining(40, 2, 0.5, false, SegmentationTraining.optimizer(1e-2, 42));
var losses = segmenter.train(SegmentationSource.of(cases), new DiceCrossEntropyLoss()::compute, training);
System.out.println("Loss %.3f → %.3f over %d steps".formatted(losses[0], losses[39], losses.length));

// 5. Segment the third study as it comes
// Windows slide over it; the mask is on its own voxels.
var raw = studies.get(2);
var mask = new VolumeSegmenter(segmenter, preparation).segment(raw.volume());
System.out.println("The mask: " + sizeOf(mask));
System.out.println("It lies where the volume lies: " + mask.affine().equals(raw.volume().affine()));

// 6. Measure the lungs on these voxels
// The mask has the first value of a class, here 2.
boolean[] lungs(Volume v) {
  boolean[] out = new boolean[v.voxels().length];
  for (int i = 0; i < out.length; i++) out[i] = v.voxels()[i] >= 2 && v.voxels()[i] <= 6;
  return out;
}
var scores = SegmentationScores.of(lungs(mask), lungs(raw.mask()), raw.mask());
System.out.println("Lungs of a study that was not trained on: Dice %.3f, Hausdorff 95 %.1f mm".formatted(scores.dice(), scores.hausdorff95()));

// 7. Save the network and a mask
var dir = Files.createTempDirectory("segmentation");
segmenter.save(dir);
VolumeWriters.write(dir.resolve("mask.nii.gz"), mask, PixelType.UINT8);
try (var files = Files.list(dir)) {
  System.out.println("Saved: " + files.map(f -> f.getFileName().toString()).sorted().toList());
}

// 8. Close
// Native memory is freed here, not by the garbage collector.
segmenter.close();
