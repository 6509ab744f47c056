// T3D in ten cells. Run it with: ./t3d notebook examples/notebooks/quickstart.jsh
// or by hand: jshell --class-path "t3d-cli/target/classes:$(cat t3d-cli/target/classpath.txt)" examples/notebooks/quickstart.jsh
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.model.*;
import io.t3d.core.task.classify.*;
import io.t3d.core.text.*;
import io.t3d.core.train.*;
import io.t3d.core.volume.*;
import io.t3d.data.load.*;
import io.t3d.data.manifest.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import io.t3d.losses.*;
import io.t3d.losses.objective.*;

// 1. Two phantom studies: CT in HU with geometry, a report, labels.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = List.of(generator.generate(1), generator.generate(2));
studies.get(0).volume();
studies.get(0).report();
studies.get(0).labels();

// 2. Prepare them alike: RAS, HU window to [0, 1].
var volumes = studies.stream().map(s -> Preprocessing.windowOnly().apply(s.volume())).toList();

// 3. Two global views of each; every view knows where in the patient it lies.
var sampler = new MultiViewSampler(ViewConfig.tiny());
List<List<View>> views = List.of(sampler.sample(volumes.get(0), 7), sampler.sample(volumes.get(1), 8));
views.get(0).get(0).crop().affine();

// 4. A small model.
var model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42);
var step = model.manager().newSubManager();
var reports = studies.stream().map(PhantomStudy::report).toList();

// 5. Forward: typed outputs.
var batch = ViewBatch.collate(step, views);
var objective = T3DObjective.create(ObjectiveConfig.t3d(), model, 42);
var sentences = objective.sentences().draw(reports, reports, 1).map(s -> model.tokenize(step, s));
var output = model.forward(batch, model.tokenize(step, reports), sentences, true);
output.textEmbeddings().getShape();
output.views().get(0).tokens().getShape();
output.sentences().get().sentences().texts();

// 6. The objective and its parts.
var terms = objective.compute(output, List.of("patient a", "patient b"));
terms.total().getFloat();
terms.parts().keySet();

// 7. Compare a volume with sentences.
var volumeEmbedding = model.encodeVolumes(batch.slots().get(0).voxels());
var classifier = ZeroShotClassifier.create(model::encodeReports, PhantomPrompts.all(), model.logitScale());
classifier.findings();
classifier.classify(volumeEmbedding)[0].length;

// 8. Native memory is freed here, not by the garbage collector.
step.close();
model.close();
