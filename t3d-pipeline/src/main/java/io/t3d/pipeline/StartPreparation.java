package io.t3d.pipeline;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.model.Pretrained;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.Checkpoint;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The preparation of volumes of a run that starts from another model's visual encoder. The encoder
 * knows volumes as they were prepared in its own training; others give worse features without a
 * sign.
 */
final class StartPreparation {
  private static final Logger LOG = LoggerFactory.getLogger(StartPreparation.class);

  private StartPreparation() {}

  /**
   * The settings with the preparation that holds. Applied twice it changes nothing more.
   *
   * @param out the run's folder, whose checkpoint says it where the run is resumed
   * @param group all workers, with the same settings
   * @throws T3dException when the settings name another one than the encoder's
   */
  static PretrainConfig applied(PretrainConfig config, Path out, boolean resume, ProcessGroup group)
      throws IOException {
    Pretrained start = config.pretrained().orElse(Pretrained.none());
    Optional<Pretrained.Preparation> whose = start.preparation();
    if (start.vision().isEmpty() || whose.equals(Optional.of(Pretrained.Preparation.CONFIG))) {
      return config;
    }
    recover(out, resume, group);
    Path vision = start.vision().get();
    Preprocessing own = config.data().preprocessing();
    boolean unsaid = own.equals(Preprocessing.none());
    boolean theirsHold = unsaid || whose.isPresent();
    Optional<Checkpoint> resumed = resume ? Checkpoint.open(out) : Optional.empty();
    if (resumed.isPresent() && !theirsHold) {
      return config; // whether these are the settings of before, the run looks at itself
    }
    Optional<Preprocessing> theirs =
        data(resumed.map(Checkpoint::folder).orElse(vision)).map(DataConfig::preprocessing);
    if (theirs.isEmpty()) {
      if (unsaid && whose.isPresent()) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "Nothing says how volumes are prepared: data.preprocessing does not, and "
                + vision
                + " (pretrained.vision) is no T3D checkpoint; give data.preprocessing");
      }
      return config;
    }
    List<String> differences = differences("data.preprocessing", theirs.get(), own);
    if (theirsHold) {
      if (!differences.isEmpty()) {
        LOG.info("Volumes are prepared as for {} (pretrained.vision): {}", vision, theirs.get());
      }
      return config.withPreprocessing(theirs.get());
    }
    if (!differences.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          vision
              + " (pretrained.vision) was trained on volumes that were prepared otherwise: "
              + String.join(", ", differences)
              + "; leave data.preprocessing out to prepare them so, or set"
              + " pretrained.preparation: config");
    }
    return config;
  }

  /** Puts right what a crash left of the checkpoint to go on from, before the others look. */
  static void recover(Path out, boolean resume, ProcessGroup group) throws IOException {
    if (resume && group.rank() == 0) {
      Checkpoint.open(out);
    }
    group.barrier();
  }

  /**
   * What the model to start from saw otherwise than this run's settings say; empty where it is no
   * T3D checkpoint.
   */
  static List<String> differences(PretrainConfig config) throws IOException {
    List<String> out = new ArrayList<>();
    Optional<Path> vision = config.pretrained().flatMap(Pretrained::vision);
    Optional<DataConfig> theirs = vision.isPresent() ? data(vision.get()) : Optional.empty();
    if (theirs.isPresent()) {
      DataConfig own = config.data();
      out.addAll(
          differences("data.preprocessing", theirs.get().preprocessing(), own.preprocessing()));
      out.addAll(
          differences(
              "data.views.globalSize",
              theirs.get().views().globalSize(),
              own.views().globalSize()));
    }
    return out;
  }

  /** How the volumes of a run, a checkpoint or an imported model are prepared. */
  private static Optional<DataConfig> data(Path model) throws IOException {
    for (Path folder : List.of(model.resolve("checkpoint"), model)) {
      Path file = folder.resolve(TrainedModel.DATA_FILE);
      if (Files.isRegularFile(file)) {
        return Optional.of(Configs.load(file, DataConfig.class));
      }
    }
    return Optional.empty();
  }

  /**
   * The settings in which two records of one type differ.
   *
   * @param name of the setting
   * @return {@code NAME (THEN, now NOW)}
   */
  static List<String> differences(String name, Object then, Object now) {
    List<String> out = new ArrayList<>();
    note(out, name, then, now);
    return out;
  }

  private static void note(List<String> out, String name, Object then, Object now) {
    if (then.equals(now)) {
      return;
    }
    if (!(then instanceof Record) || then.getClass() != now.getClass()) {
      out.add(name + " (" + shown(then) + ", now " + shown(now) + ")");
      return;
    }
    for (RecordComponent part : then.getClass().getRecordComponents()) {
      try {
        Object before = part.getAccessor().invoke(then);
        Object after = part.getAccessor().invoke(now);
        note(out, name + "." + part.getName(), before, after);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Settings records are public", e);
      }
    }
  }

  private static Object shown(Object value) {
    return value instanceof Optional<?> held ? held.map(Object::toString).orElse("none") : value;
  }
}
