// Retrieval in nine cells. Run it with: ./t3d notebook examples/notebooks/retrieval.jsh
// The model here is not trained, so the figures are chance; take T3DModel.load(Path.of("checkpoint"), Device.cpu()) for
// real ones.
import ai.djl.Device;
import ai.djl.ndarray.*;
import io.t3d.core.config.*;
import io.t3d.core.eval.*;
import io.t3d.core.model.*;
import io.t3d.core.task.*;
import io.t3d.core.task.retrieve.*;
import io.t3d.core.volume.*;
import io.t3d.data.load.*;
import io.t3d.data.manifest.*;
import io.t3d.data.phantom.*;
import io.t3d.data.phantom.generate.*;
import io.t3d.data.prepare.*;
import io.t3d.data.view.*;
import java.util.stream.*;

// 1. Phantom studies: volumes, reports, labels.
var generator = new PhantomGenerator(PhantomConfig.standard());
var studies = IntStream.range(0, 16).mapToObj(generator::generate).toList();
var patients = IntStream.range(0, 16).mapToObj(i -> "patient-" + i).toList();
var reports = studies.stream().map(PhantomStudy::report).toList();

// 2. Embeddings of both, L2-normalised: (n, E).
var model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 42);
var memory = model.manager().newSubManager();
var sampler = new MultiViewSampler(ViewConfig.tiny());
var views = studies.stream().map(s -> List.of(sampler.center(Preprocessing.windowOnly().apply(s.volume())))).toList();
var volumeEmbeddings = model.encodeVolumes(ViewBatch.collate(memory, views).slots().get(0).voxels());
var reportEmbeddings = model.encodeReports(memory, reports);

// 3. R@k and median rank both ways; pairs with the same report are correct for each other.
var ranks = Retrieval.ranks(volumeEmbeddings, reportEmbeddings, reports);
ranks.scores().imageToText();
ranks.scores().textToImage();
RetrievalIntervals.of(ranks.imageToText(), patients, Bootstrap.defaults()).r5();

// 4. By findings: do volumes find reports of patients with the same findings?
var names = List.copyOf(studies.get(0).labels().keySet());
double[] labelsOf(PhantomStudy s) {
  return names.stream().mapToDouble(n -> s.labels().get(n) ? 1 : 0).toArray();
}
var labels = new LabelMatrix(names, studies.stream().map(s -> labelsOf(s)).toArray(double[][]::new));
LabelOverlap.evaluate(volumeEmbeddings, labels, reportEmbeddings, labels, false, 1);

// 5. Search with a sentence.
var question = model.encodeReports(memory, List.of("Right pleural effusion.")).toFloatArray();
var exact = new ExactIndex(volumeEmbeddings).search(new float[][] {question}, 3);
exact.rows()[0];

// 6. Above some 100,000 volumes: a graph that finds nearly the same, in memory or in a folder.
var flat = volumeEmbeddings.toFloatArray();
int width = flat.length / 16;
var gallery = IntStream.range(0, 16).mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width)).toArray(float[][]::new);
var graph = HnswIndex.of(gallery);
Arrays.equals(graph.search(new float[][] {question}, 3).rows()[0], exact.rows()[0]);
graph.close();

// 7. Sentences have a say: each gathers the tokens of each volume. Validation chooses what to rank by; here it is the same
// data, which a real evaluation must not do.
VolumeBatches all = new VolumeBatches() {
  public int size() {
    return views.size();
  }
  public NDArray load(NDManager owner, int[] which) {
    return ViewBatch.collate(owner, Arrays.stream(which).mapToObj(views::get).toList()).slots().get(0).voxels();
  }
};
var seen = TextScores.of(model, all, SentencesOfReports.of(reports).sentences(), 0.1, n -> {});
var pairs = PairScores.of(seen, Embeddings.rows("reports", reportEmbeddings, -1), reports);
var choice = RetrievalMix.choose(pairs, reports);
choice.choice().reason();
Retrieval.ranks(choice.mix().scores(pairs), reports).scores().imageToText();

// 8. The same for large galleries: an index gives candidates, their sentences order them.
var reference = SentenceReference.of(model, all, 0.1, n -> {});
var search = ReportSearch.create(new ExactIndex(reportEmbeddings), reports, reference, RetrievalMix.sum(pairs, 0.5));
search.search(model.encodeVolumeTokens(all.load(memory, new int[] {0})), 10, 3).rows()[0];
reference.close();

// 9. Native memory is freed here, not by the garbage collector.
memory.close();
model.close();
