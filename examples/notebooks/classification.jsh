// Classification in ten cells
// Three ways to findings: by text alone, by a plane on frozen embeddings, by training the encoder. The model here is not
// trained, so the figures are chance; take `TrainedModel.open(Path.of("runs/a")).model()` for real ones.
// Run it with `./t3d notebook examples/notebooks/classification.jsh`; docs/notebooks.md tells how in jshell and Jupyter.
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.model.*;
import io.t3d.core.task.*;
import io.t3d.core.task.classify.*;
import io.t3d.core.volume.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import java.util.stream.*;

// 1. Phantom studies with labels
// Each is a patient of its own.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = IntStream.range(0, 24).mapToObj(generator::generate).toList();
var patients = IntStream.range(0, 24).mapToObj(i -> "patient-" + i).toList();
System.out.println("Phantom studies: " + studies.size());

// 2. The view that evaluation looks at
// The whole volume, windowed and resized.
var sampler = new MultiViewSampler(ViewConfig.tiny());
var views = studies.stream().map(s -> List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume())))).toList();
System.out.println("Each volume becomes a view of " + views.get(0).get(0).crop().voxels().length + " voxels");

// 3. Labels as a matrix
// 1 yes, 0 no, NaN not known. Rows 0-11 train, 12-17 validate, 18-23 test.
var names = List.copyOf(studies.get(0).labels().keySet());
double[] labelsOf(PhantomStudy s) {
  return names.stream().mapToDouble(n -> s.labels().get(n) ? 1 : 0).toArray();
}
var labels = new LabelMatrix(names, studies.stream().map(s -> labelsOf(s)).toArray(double[][]::new));
int[] rows(int from, int to) {
  return IntStream.range(from, to).toArray();
}
var train = labels.select(rows(0, 12));
var held = labels.select(rows(12, 18));
var test = labels.select(rows(18, 24));
long yes(LabelMatrix m, int label) {
  return Arrays.stream(m.values()).filter(row -> row[label] == 1).count();
}
System.out.println("%-20s %6s %9s %5s".formatted("Studies with", "train", "validate", "test"));
for (int i = 0; i < names.size(); i++) {
  System.out.println("  %-18s %6d %9d %5d".formatted(names.get(i), yes(train, i), yes(held, i), yes(test, i)));
}

// 4. Embeddings
// (n, E), by the whole volume.
var model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42);
var memory = model.manager().newSubManager();
var embeddings = model.encodeVolumes(ViewBatch.collate(memory, views).slots().get(0).voxels());
var flat = embeddings.toFloatArray();
int width = flat.length / 24;
float[][] features(int from, int to) {
  return IntStream.range(from, to).mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width)).toArray(float[][]::new);
}
System.out.println("Embeddings (n, E): " + embeddings.getShape());

// 5. Zero-shot
// Prompts for and against each finding. `FindingPrompts.ctRate()` is CT-CLIP's protocol for CT-RATE.
var prompts = names.stream().map(n -> FindingPrompts.of(n.replace('_', ' '))).toList();
var zeroShot = ZeroShotClassifier.create(texts -> model.encodeReports(memory, texts), prompts, model.logitScale());
var byText = zeroShot.classify(features(18, 24));
System.out.println("A prompt for and one against: \"%s\" \"%s\"".formatted(prompts.get(0).positive().get(0), prompts.get(0).negative().get(0)));

// 6. A linear probe
// Stopped by the validation set; `LabelSubset` draws a share of the labels and keeps patients whole.
var half = LabelSubset.choose(train, patients.subList(0, 12), 0.5, 1);
var probe = LinearProbe.fit(features(0, 12), train, features(12, 18), held, ProbeConfig.defaults());
var byProbe = probe.probabilities(features(18, 24));
System.out.println("Half of the training labels would be rows " + Arrays.toString(half));

// 7. Thresholds and metrics
// Thresholds come from the validation set only; metrics are of the test set.
var thresholds = OperatingPoint.YOUDEN_J.thresholds(held, probe.probabilities(features(12, 18)), 0.5);
var report = ClassificationReport.of(test, byProbe, thresholds);
String number(OptionalDouble x) {
  return x.isPresent() ? "%.3f".formatted(x.getAsDouble()) : "-";
}
System.out.println("%-20s %9s %6s %6s   (the probe, 6 test studies)".formatted("Finding", "threshold", "AUROC", "F1"));
report.perLabel().forEach((name, m) -> System.out.println("  %-18s %9.2f %6s %6s".formatted(name, m.threshold(), number(m.auroc()), number(m.get(Metric.F1)))));

// 8. 95 % intervals
// Resampled by patient.
var intervals = ClassificationIntervals.of(test, byProbe, thresholds, patients.subList(18, 24), Bootstrap.defaults());
System.out.println("Mean over findings, with its 95 % interval:");
intervals.macro().forEach((metric, i) -> System.out.println("  %-18s %6s [%.3f, %.3f]".formatted(metric.key(), number(report.macro(metric)), i.lower(), i.upper())));

// 9. Fine-tuning
// The whole encoder with a new head; the weights of the best epoch stay.
VolumeBatches slice(int from, int to) {
  return new VolumeBatches() {
    public int size() {
      return to - from;
    }
    public NDArray load(NDManager owner, int[] which) {
      return ViewBatch.collate(owner, Arrays.stream(which).mapToObj(i -> views.get(from + i)).toList()).slots().get(0).voxels();
    }
  };
}
var tuner = new FineTuner(FineTuneConfig.pretrained().with(2, 1));
var classifier = tuner.train(model, slice(0, 12), train, slice(12, 18), held);
for (var e : tuner.history()) System.out.println("An epoch's loss: train %.3f, validation %.3f".formatted(e.trainLoss(), e.validationLoss()));
var byEncoder = classifier.probabilities(slice(18, 24));
String auroc(double[][] scores) {
  return number(ClassificationReport.of(test, scores, thresholds).macroAuroc());
}
System.out.println("Macro AUROC (chance is 0.5):\n  zero-shot %s\n  linear probe %s\n  fine-tuned %s".formatted(auroc(byText), auroc(byProbe), auroc(byEncoder)));

// 10. Close
// Native memory is freed here, not by the garbage collector.
classifier.close();
memory.close();
model.close();
