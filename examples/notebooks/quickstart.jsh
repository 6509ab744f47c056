// T3D in eight cells
// From a phantom CT and its report to the loss of one training step, and to findings by text alone. Nothing is trained here:
// `T3D.pretrain(config, manifest, out)` does that, and `TrainedModel.open(out)` opens what it leaves.
// Run it with `./t3d notebook examples/notebooks/quickstart.jsh`; docs/notebooks.md tells how in jshell and Jupyter.
import ai.djl.Device;
import io.t3d.core.config.*;
import io.t3d.core.model.*;
import io.t3d.core.task.classify.*;
import io.t3d.core.text.*;
import io.t3d.core.volume.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.view.*;
import io.t3d.losses.objective.*;
import io.t3d.pipeline.*;

// 1. Two phantom studies
// CT in HU with its geometry, a report and labels.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = List.of(generator.generate(1), generator.generate(2));
String sizeOf(Volume v) {
  return "%d × %d × %d voxels of %.1f × %.1f × %.1f mm, %s".formatted(v.depth(), v.height(), v.width(), v.spacing().z(), v.spacing().y(), v.spacing().x(), v.orientation());
}
System.out.println("Two studies:");
for (PhantomStudy s : studies) System.out.println("  " + sizeOf(s.volume()));
System.out.println("The first one's report:\n  " + studies.get(0).report());
System.out.println("Its findings:\n  " + studies.get(0).labels().entrySet().stream().filter(e -> e.getValue()).map(e -> e.getKey()).toList());

// 2. Prepared alike
// The quickstart's settings: RAS, HU window to [0, 1].
var config = PretrainConfig.tiny();
var volumes = studies.stream().map(s -> config.data().preprocessing().apply(s.volume())).toList();
System.out.println("After preparation:");
for (Volume v : volumes) System.out.println("  " + sizeOf(v));

// 3. Views
// Global views of each volume; every view knows where in the patient it lies.
var sampler = new MultiViewSampler(config.data().views());
List<List<View>> views = List.of(sampler.sample(volumes.get(0), 7), sampler.sample(volumes.get(1), 8));
System.out.println("Views of the first volume, and where their first voxel lies (mm, RAS):");
for (View v : views.get(0)) {
  double[] at = v.crop().affine().apply(0, 0, 0);
  System.out.println("  %s  %s  at (%.0f, %.0f, %.0f)".formatted(v.kind(), sizeOf(v.crop()), at[0], at[1], at[2]));
}

// 4. A small model
// Arrays of one step belong to `step`: closing it frees them.
var model = T3DModel.create(config.model(), Device.cpu(), 42);
var step = model.manager().newSubManager();
long weights = model.parameters().values().stream().mapToLong(p -> p.getArray().size()).sum();
System.out.println("A model of %.1f million weights in %d tensors".formatted(weights / 1e6, model.parameters().size()));

// 5. Forward
// Outputs are typed: no positions to count.
var reports = studies.stream().map(PhantomStudy::report).toList();
var objective = T3DObjective.create(ObjectiveConfig.t3d(), model, 42);
var sentences = objective.sentences().draw(reports, reports, 1).map(s -> model.tokenize(step, s));
var batch = ViewBatch.collate(step, views);
var output = model.forward(batch, model.tokenize(step, reports), sentences, true);
System.out.println("Shapes of the output:");
System.out.println("  embeddings of reports   (B, E)     " + output.textEmbeddings().getShape());
System.out.println("  tokens of the 1st view  (B, N, C)  " + output.views().get(0).tokens().getShape());
System.out.println("Sentences that are encoded alone:");
for (String s : output.sentences().get().sentences().texts()) System.out.println("  " + s);

// 6. The objective and its parts
var terms = objective.compute(output, List.of("patient a", "patient b"));
System.out.println("Loss %.3f, with its parts:".formatted(terms.total().getFloat()));
terms.parts().forEach((name, part) -> System.out.println("  %-22s %7.3f".formatted(name, part.getFloat())));

// 7. Compare a volume with sentences
// With random weights this is chance; a trained model opens with `TrainedModel.open(Path.of("runs/a"))`.
var classifier = ZeroShotClassifier.create(texts -> model.encodeReports(step, texts), PhantomPrompts.all(), model.logitScale());
var found = classifier.classify(model.encodeVolumes(batch.slots().get(0).voxels()));
System.out.println("%-20s %8s %8s".formatted("Probability of", "study 1", "study 2"));
for (int i = 0; i < classifier.findings().size(); i++) {
  System.out.println("  %-18s %8.2f %8.2f".formatted(classifier.findings().get(i), found[0][i], found[1][i]));
}

// 8. Close
// Native memory is freed here, not by the garbage collector.
step.close();
model.close();
