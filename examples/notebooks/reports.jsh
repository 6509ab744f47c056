// A model writes reports for volumes. Run it with: ./t3d notebook examples/notebooks/reports.jsh
// or by hand: jshell --class-path "t3d-cli/target/classes:$(cat t3d-cli/target/classpath.txt)" examples/notebooks/reports.jsh
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.eval.text.*;
import io.t3d.core.generate.*;
import io.t3d.core.model.*;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.report.*;
import io.t3d.core.text.*;
import io.t3d.core.train.*;
import io.t3d.core.volume.*;
import io.t3d.data.load.*;
import io.t3d.data.manifest.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;

// 1. Eight phantom studies with their reports.
var generator = new PhantomGenerator(PhantomConfig.standard());
List<PhantomStudy> studies = new ArrayList<>();
for (int seed = 1; seed <= 8; seed++) studies.add(generator.generate(seed));
List<String> reports = studies.stream().map(PhantomStudy::report).toList();
reports.get(0);

// 2. A small model with a vocabulary of these reports. Its weights are random here; load a checkpoint in earnest.
var tokenizer = ReportTokenizer.fromCorpus(reports, 500, 100);
var model = T3DModel.create(T3DConfig.tiny(), tokenizer, Device.cpu(), 42);
tokenizer.decode(new long[] {tokenizer.beginId(), tokenizer.endId()}).isEmpty();

// 3. One view of each volume, and what the frozen encoder sees in it: visual tokens (B, N, C).
var sampler = new MultiViewSampler(ViewConfig.tiny());
List<List<View>> views = new ArrayList<>();
for (PhantomStudy s : studies) views.add(List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume()))));
var scope = model.manager().newSubManager();
var batch = ViewBatch.collate(scope, views);
var writer = ReportGenerator.create(model, ReportDecoderConfig.tiny(), 7);
VisualTokens seen = writer.encode(scope, batch.slots().get(0).voxels());
seen.tokens().getShape();

// 4. Teacher forcing: the decoder learns these eight by heart; a held-out split tells what it understands.
var training = TrainingConfig.builder().learningRate(2e-3).epochs(100).build();
var summary = ReportTrainer.fit(writer, seen, reports, 8, training, loss -> {});
summary.lastLoss() < summary.firstLoss();

// 5. Write: the most likely token, beams, or a seeded draw from the nucleus.
writer.generate(seen, Decoding.greedy(60)).get(0).text();
List<GeneratedReport> written = writer.generate(seen, Decoding.beam(3, 60));
written.get(0);
writer.generate(seen, Decoding.nucleus(0.9, 1, 60)).get(0).text();

// 6. Score words, and the findings that a labeler reads out of both texts.
List<String> texts = written.stream().map(GeneratedReport::text).toList();
TextScores.of(texts, reports);
LabelAgreement.of(texts.stream().map(PhantomLabels::extract).toList(), reports.stream().map(PhantomLabels::extract).toList()).micro();

// 7. Keep it beside its model.
var folder = java.nio.file.Files.createTempDirectory("reports");
writer.save(folder);
var again = ReportGenerator.load(folder, model);
again.generate(seen, Decoding.beam(3, 60)).equals(written);

// 8. Native memory is freed here.
again.close();
writer.close();
scope.close();
model.close();
