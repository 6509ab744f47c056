// Classification in ten cells. Run it with: ./t3d notebook examples/notebooks/classification.jsh
// Three ways to findings: by text alone, by a plane on frozen embeddings, by training the encoder. The model here is not
// trained, so the figures are chance; take T3DModel.load(Path.of("checkpoint"), Device.cpu()) for real ones.
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.model.*;
import io.t3d.core.task.*;
import io.t3d.core.task.classify.*;
import io.t3d.core.train.*;
import io.t3d.core.volume.*;
import io.t3d.data.load.*;
import io.t3d.data.manifest.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import java.util.stream.*;

// 1. Phantom studies with labels; each is a patient of its own.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = IntStream.range(0, 24).mapToObj(generator::generate).toList();
var patients = IntStream.range(0, 24).mapToObj(i -> "patient-" + i).toList();

// 2. The view that evaluation looks at: the whole volume, windowed and resized.
var sampler = new MultiViewSampler(ViewConfig.tiny());
var views = studies.stream().map(s -> List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume())))).toList();

// 3. Labels as a matrix: 1 yes, 0 no, NaN not known. Rows 0-11 train, 12-17 validate, 18-23 test.
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

// 4. Embeddings (n, E).
var model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42);
var memory = model.manager().newSubManager();
var volumes = ViewBatch.collate(memory, views).slots().get(0).voxels();
var embeddings = model.encodeVolumes(volumes);
var flat = embeddings.toFloatArray();
int width = flat.length / 24;
float[][] features(int from, int to) {
  return IntStream.range(from, to).mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width)).toArray(float[][]::new);
}

// 5. Zero-shot: prompts for and against each finding. FindingPrompts.ctRate() is CT-CLIP's protocol for CT-RATE.
var prompts = names.stream().map(n -> FindingPrompts.of(n.replace('_', ' '))).toList();
var zeroShot = ZeroShotClassifier.create(model::encodeReports, prompts, model.logitScale());
var byText = zeroShot.classify(features(18, 24));

// 6. A linear probe, stopped by the validation set. A share of the labels keeps patients whole.
var some = LabelSubset.choose(train, patients.subList(0, 12), 0.5, 1);
var probe = LinearProbe.fit(features(0, 12), train, features(12, 18), held, ProbeConfig.defaults());
var byProbe = probe.probabilities(features(18, 24));

// 7. Thresholds come from the validation set only; then metrics on the test set.
var thresholds = OperatingPoint.YOUDEN_J.thresholds(held, probe.probabilities(features(12, 18)), 0.5);
var report = ClassificationReport.of(test, byProbe, thresholds);
report.macro(Metric.AUROC);
report.macro(Metric.F1);

// 8. 95 % intervals, resampled by patient.
var intervals = ClassificationIntervals.of(test, byProbe, thresholds, patients.subList(18, 24), Bootstrap.defaults());
intervals.macro().get(Metric.ACCURACY);

// 9. Fine-tuning: the whole encoder with a new head; the weights of the best epoch stay.
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
tuner.history();
var byEncoder = classifier.probabilities(slice(18, 24));
ClassificationReport.of(test, byEncoder, thresholds).macro(Metric.AUROC);

// 10. Native memory is freed here, not by the garbage collector.
classifier.close();
memory.close();
model.close();
