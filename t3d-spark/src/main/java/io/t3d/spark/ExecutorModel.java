package io.t3d.spark;

import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.torch.TorchEngine;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.Embedder;
import io.t3d.pipeline.RowEmbeddings;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The model of an executor: loaded by the first task that asks for it, shared by all tasks of the
 * JVM, closed when another model is asked for and no task uses it, or with the JVM.
 *
 * <p>Tasks read volumes side by side and take turns at the encoder, which uses all of libtorch's
 * threads: so an executor needs the memory of one batch, however many tasks it runs.
 */
final class ExecutorModel {
  /** Held while the encoder works. First come, first served. */
  private static final ReentrantLock TURN = new ReentrantLock(true);

  /** Waits for the encoder when the JVM ends. */
  private static final long END_SECONDS = 10;

  private static final String THREADS = "ai.djl.pytorch.num_threads";

  /** The models of this JVM. Guarded by itself, as all mutable state of this class. */
  private static final Map<ModelKey, ExecutorModel> LOADED = new HashMap<>();

  /** Models that natives or the folder's content forbid: trying again tells less of the cause. */
  private static final Map<ModelKey, RuntimeException> FAILED = new HashMap<>();

  private static int loads;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ExecutorModel::closeAll, "t3d-close"));
  }

  private final TrainedModel trained;
  private final Embedder embedder;
  private final Map<List<FindingPrompts>, ZeroShotClassifier> classifiers = new HashMap<>();
  private int users;

  private ExecutorModel(TrainedModel trained) {
    this.trained = trained;
    this.embedder = new Embedder(trained.model(), trained.data());
  }

  /**
   * The model, for the task that runs in this thread; it is given back when the task ends.
   *
   * @throws RuntimeException in one sentence when it cannot be loaded here
   */
  static ExecutorModel ofTask(ModelKey asked, TaskContext task) {
    ModelKey key = asked.on(device(asked.device(), task));
    ExecutorModel model;
    synchronized (LOADED) {
      model = LOADED.get(key);
      if (model == null) {
        closeUnused();
        model = load(key);
        LOADED.put(key, model);
      }
      model.users++;
    }
    ExecutorModel taken = model;
    OfTask.atEnd(task, taken::giveBack);
    return taken;
  }

  /** Where Spark assigns GPUs to tasks, the task's own. */
  private static String device(String asked, TaskContext task) {
    ResourceInformation gpu = task.resourcesJMap().get("gpu");
    return gpu == null || gpu.addresses().length == 0 ? asked : "gpu" + gpu.addresses()[0];
  }

  private void giveBack() {
    synchronized (LOADED) {
      users--;
    }
  }

  private static ExecutorModel load(ModelKey key) {
    RuntimeException before = FAILED.get(key);
    if (before != null) {
      throw before;
    }
    try {
      Path folder = key.locate();
      requireSame(key, folder);
      fitThreads();
      loads++;
      return new ExecutorModel(TrainedModel.open(folder, TorchEngine.device(key.device())));
    } catch (IOException e) {
      throw Failures.failure(
          Kind.INPUT,
          "cannot open the model "
              + key.folder()
              + ": "
              + e.getMessage()
              + "; every executor must see it at this path, or have it by --archives"
              + " (docs/spark.md)",
          e);
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      RuntimeException failure = Failures.onExecutor(e);
      if (!(e instanceof OutOfMemoryError)) {
        FAILED.put(key, failure);
      }
      throw failure;
    }
  }

  private static void requireSame(ModelKey key, Path folder) throws IOException {
    if (!ModelKey.content(folder).equals(key.content())) {
      throw Failures.failure(
          Kind.INPUT,
          "the model at "
              + folder
              + " is not the one that the driver sees there; copy it to all machines anew",
          new IllegalStateException(key.content()));
    }
  }

  /** An executor that has some cores of a machine does not take all of them. */
  private static void fitThreads() {
    SparkEnv env = SparkEnv.get();
    boolean told = System.getenv("OMP_NUM_THREADS") != null || System.getProperty(THREADS) != null;
    if (!told
        && !env.executorId().equals("driver")
        && env.conf().contains("spark.executor.cores")) {
      System.setProperty(THREADS, env.conf().get("spark.executor.cores"));
    }
  }

  /** How often a model was loaded in this JVM. */
  static int loads() {
    synchronized (LOADED) {
      return loads;
    }
  }

  private static void closeUnused() {
    for (Iterator<ExecutorModel> all = LOADED.values().iterator(); all.hasNext(); ) {
      ExecutorModel model = all.next();
      if (model.users == 0) {
        model.trained.close();
        all.remove();
      }
    }
  }

  private static void closeAll() {
    try {
      // Weights that the encoder reads are not freed under it: then the system frees them.
      if (TURN.tryLock(END_SECONDS, TimeUnit.SECONDS)) {
        synchronized (LOADED) {
          LOADED.values().forEach(model -> model.trained.close());
          LOADED.clear();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The embeddings of rows; the caller closes them. */
  RowEmbeddings stream(List<ManifestRow> rows, int readers) {
    return embedder.stream(rows, readers, TURN);
  }

  /**
   * The classifier of some prompts, whose texts are encoded once.
   *
   * @throws T3dException when the model has no trained text encoder
   */
  synchronized ZeroShotClassifier classifier(List<FindingPrompts> prompts) {
    ZeroShotClassifier known = classifiers.get(prompts);
    if (known == null) {
      if (!trained.usesText()) {
        throw new T3dException(
            Kind.USAGE,
            "The model was pre-trained without reports, so that it cannot classify by text; embed"
                + " works, zeroShot needs a model of T3D, CLIP or SigLIP");
      }
      TURN.lock();
      try (NDManager scope = trained.model().manager().newSubManager()) {
        known =
            ZeroShotClassifier.create(
                texts -> trained.model().encodeReports(scope, texts),
                prompts,
                trained.model().logitScale());
      } finally {
        TURN.unlock();
      }
      classifiers.put(prompts, known);
    }
    return known;
  }
}
