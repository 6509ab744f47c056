// Retrieval in nine cells
// The model here is not trained, so the figures are chance; take `TrainedModel.open(Path.of("runs/a")).model()` for real
// ones, or its `retrieve(…)` for files.
// Run it with `./t3d notebook examples/notebooks/retrieval.jsh`; docs/notebooks.md tells how in jshell and Jupyter.
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.model.*;
import io.t3d.core.task.*;
import io.t3d.core.task.retrieve.*;
import io.t3d.core.volume.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import java.util.stream.*;

// 1. Phantom studies
// Volumes, reports, labels.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = IntStream.range(0, 16).mapToObj(generator::generate).toList();
var patients = IntStream.range(0, 16).mapToObj(i -> "patient-" + i).toList();
var reports = studies.stream().map(PhantomStudy::report).toList();
System.out.println(studies.size() + " studies; the first report:\n  " + reports.get(0));

// 2. Embeddings of both
// L2-normalised, (n, E).
var model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42);
var memory = model.manager().newSubManager();
var sampler = new MultiViewSampler(ViewConfig.tiny());
var views = studies.stream().map(s -> List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume())))).toList();
var volumeEmbeddings = model.encodeVolumes(ViewBatch.collate(memory, views).slots().get(0).voxels());
var reportEmbeddings = model.encodeReports(memory, reports);
float[][] rowsOf(NDArray matrix) {
  float[] flat = matrix.toFloatArray();
  int width = flat.length / 16;
  return IntStream.range(0, 16).mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width)).toArray(float[][]::new);
}
System.out.println("Volumes %s, reports %s".formatted(volumeEmbeddings.getShape(), reportEmbeddings.getShape()));

// 3. R@k and median rank both ways
// Pairs with the same report are correct for each other.
var ranks = Retrieval.ranks(volumeEmbeddings, reportEmbeddings, reports);
void show(String way, RetrievalScores s) {
  System.out.println("  %-16s %6.3f %6.3f %6.3f %12.1f".formatted(way, s.r1(), s.r5(), s.r10(), s.medianRank()));
}
System.out.println("Among 16 pairs         R@1    R@5   R@10  median rank");
show("volume → report", ranks.scores().imageToText());
show("report → volume", ranks.scores().textToImage());
var r5 = RetrievalIntervals.of(ranks.imageToText(), patients, Bootstrap.defaults()).r5();
System.out.println("95 %% interval of volume → report R@5: [%.3f, %.3f]".formatted(r5.lower(), r5.upper()));

// 4. By findings
// Do volumes find reports of patients with the same findings?
var names = List.copyOf(studies.get(0).labels().keySet());
double[] labelsOf(PhantomStudy s) {
  return names.stream().mapToDouble(n -> s.labels().get(n) ? 1 : 0).toArray();
}
var labels = new LabelMatrix(names, studies.stream().map(s -> labelsOf(s)).toArray(double[][]::new));
var overlap = LabelOverlap.evaluate(volumeEmbeddings, labels, reportEmbeddings, labels, false, 1);
System.out.println("Overlap of findings among the first k reports:");
overlap.overlapAt().forEach((k, share) -> System.out.println("  k = %-3d %6.3f".formatted(k, share)));

// 5. Search with a sentence
var question = model.encodeReports(memory, List.of("Right pleural effusion.")).toFloatArray();
var index = new ExactIndex(volumeEmbeddings);
var exact = index.search(new float[][] {question}, 3);
System.out.println("\"Right pleural effusion.\" finds:");
for (int i = 0; i < 3; i++) {
  System.out.println("  %-10s cosine %6.3f".formatted(patients.get(exact.rows()[0][i]), exact.similarities()[0][i]));
}

// 6. Large galleries
// Above some 100,000 volumes: a graph that finds nearly the same, in memory or in a folder.
var graph = HnswIndex.of(rowsOf(volumeEmbeddings));
var near = graph.search(new float[][] {question}, 3);
System.out.println("The graph finds the same three: " + Arrays.equals(near.rows()[0], exact.rows()[0]));

// 7. Sentences have a say
// Each sentence gathers the tokens of each volume. Validation chooses what to rank by; here it is the same data, which a
// real evaluation must not do.
VolumeBatches all = new VolumeBatches() {
  public int size() {
    return views.size();
  }
  public NDArray load(NDManager owner, int[] which) {
    return ViewBatch.collate(owner, Arrays.stream(which).mapToObj(views::get).toList()).slots().get(0).voxels();
  }
};
var seen = TextScores.of(model, all, SentencesOfReports.of(reports).sentences(), 0.1, n -> {});
var pairs = PairScores.of(seen, rowsOf(reportEmbeddings), reports);
var choice = RetrievalMix.choose(pairs, reports);
System.out.println("Rank by: " + choice.choice().score() + " (" + choice.choice().reason() + ")");
System.out.println("Among 16 pairs         R@1    R@5   R@10  median rank");
show("volume → report", Retrieval.ranks(choice.mix().scores(pairs), reports).scores().imageToText());

// 8. The same for large galleries
// An index gives candidates, their sentences order them.
var reference = SentenceReference.of(model, all, 0.1, n -> {});
var candidates = new ExactIndex(reportEmbeddings);
var search = ReportSearch.create(candidates, reports, reference, RetrievalMix.sum(pairs, 0.5));
var best = search.search(model.encodeVolumeTokens(all.load(memory, new int[] {0})), 10, 3);
System.out.println("Reports that fit the first volume best:");
for (int row : best.rows()[0]) System.out.println("  %-10s %s".formatted(patients.get(row), reports.get(row)));

// 9. Close
// Native memory is freed here, not by the garbage collector.
reference.close();
candidates.close();
graph.close();
index.close();
memory.close();
model.close();
