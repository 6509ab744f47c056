// A model writes reports for volumes
// A decoder learns to write from the tokens of a frozen encoder. `./t3d generate` does it on a manifest, and
// `TrainedModel.generate(…)` writes with what that left.
// Run it with `./t3d notebook examples/notebooks/reports.jsh`; docs/notebooks.md tells how in jshell and Jupyter.
import ai.djl.Device;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.eval.text.*;
import io.t3d.core.generate.*;
import io.t3d.core.model.*;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.report.*;
import io.t3d.core.text.*;
import io.t3d.core.train.*;
import io.t3d.core.volume.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import java.util.stream.*;

// 1. Eight phantom studies with their reports
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = IntStream.rangeClosed(1, 8).mapToObj(generator::generate).toList();
List<String> reports = studies.stream().map(PhantomStudy::report).toList();
System.out.println("The first report:\n  " + reports.get(0));

// 2. A small model with a vocabulary of these reports
// Its weights are random here; take `TrainedModel.open(Path.of("runs/a")).model()` in earnest.
var tokenizer = ReportTokenizer.fromCorpus(reports, 500, 100);
var model = T3DModel.create(T3DConfig.tiny(), tokenizer, Device.cpu(), 42);
var line = reports.get(0).substring(0, reports.get(0).indexOf('.') + 1);
System.out.println("\"%s\" becomes %s".formatted(line, tokenizer.tokens(line)));

// 3. What the frozen encoder sees
// One view of each volume becomes visual tokens (B, N, C).
var sampler = new MultiViewSampler(ViewConfig.tiny());
var views = studies.stream().map(s -> List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume())))).toList();
var scope = model.manager().newSubManager();
var writer = ReportGenerator.create(model, ReportDecoderConfig.tiny(), 7);
VisualTokens seen = writer.encode(scope, ViewBatch.collate(scope, views).slots().get(0).voxels());
System.out.println("Visual tokens (B, N, C): " + seen.tokens().getShape());

// 4. Teacher forcing
// The decoder reads these eight again and again; a held-out split would tell what it understands.
var training = TaskTraining.builder().learningRate(2e-3).build();
var summary = ReportTrainer.fit(writer, seen, reports, 100, 8, training, loss -> {});
System.out.println("Loss %.3f → %.3f over %d steps".formatted(summary.firstLoss(), summary.lastLoss(), summary.steps()));

// 5. Write
// The most likely token, beams, or a seeded draw from the nucleus. Behind a random encoder it writes as radiologists do, but
// not about this volume.
List<GeneratedReport> written = writer.generate(seen, Decoding.beam(3, 60));
System.out.println("For the first volume:");
System.out.println("  greedy   " + writer.generate(seen, Decoding.greedy(60)).get(0).text());
System.out.println("  beam     " + written.get(0).text());
System.out.println("  nucleus  " + writer.generate(seen, Decoding.nucleus(0.9, 1, 60)).get(0).text());
System.out.println("The beam's log-probability is %.2f over %d tokens".formatted(written.get(0).logProbability(), written.get(0).tokens()));

// 6. Score
// Words, and the findings that a labeler reads out of both texts.
List<String> texts = written.stream().map(GeneratedReport::text).toList();
var words = WordScores.of(texts, reports);
var findings = LabelAgreement.of(texts.stream().map(PhantomLabels::extract).toList(), reports.stream().map(PhantomLabels::extract).toList()).micro();
System.out.println("Written against true reports:");
System.out.println("  BLEU-1 %.3f  BLEU-4 %.3f  ROUGE-L %.3f  METEOR (exact+stem) %.3f  CIDEr %.3f".formatted(words.bleu1(), words.bleu4(), words.rougeL(), words.meteorExactStem(), words.cider()));
System.out.println("  findings: precision %.3f  recall %.3f  F1 %.3f".formatted(findings.precision(), findings.recall(), findings.f1()));

// 7. Keep it beside its model
var folder = Files.createTempDirectory("reports");
writer.save(folder);
var again = ReportGenerator.load(folder, model);
System.out.println("Loaded again, it writes the same: " + again.generate(seen, Decoding.beam(3, 60)).equals(written));

// 8. Close
// Native memory is freed here, not by the garbage collector.
again.close();
writer.close();
scope.close();
model.close();
