package io.t3d.bench.step;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtDeviceType;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Size3;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.SentenceSampling;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.OperationCounter;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.LossTerms;
import io.t3d.core.train.Objective;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.optim.AdamW;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.Objectives;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Training steps on two devices, see {@link PtDeviceType}: a process of its own, one line of JSON
 * for each case in the arguments, {@code MODEL/METHOD[/WAY]}.
 */
final class TwoDevicesStep {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TwoDevicesStep() {}

  /**
   * What a step did.
   *
   * @param name of the case
   * @param loss NaN when the step failed
   * @param error what libtorch said; empty when the step went through
   * @param onCpu method → arrays made on the CPU
   * @param uploads method → copies of Java's values to the device
   * @param reads method → copies of the device's values to Java
   * @param waits operations after which the host has to wait for the device
   */
  record Seen(
      String name,
      double loss,
      String error,
      Map<String, Integer> onCpu,
      Map<String, Integer> uploads,
      Map<String, Integer> reads,
      Map<String, Integer> waits) {}

  public static void main(String[] cases) throws IOException {
    for (String name : cases) {
      System.out.println(JSON.writeValueAsString(run(name, name.split("/"))));
    }
  }

  private static Seen run(String name, String... parts) {
    String way = parts.length > 2 ? parts[2] : "";
    TrainingConfig config = config(way);
    try (T3DModel model = T3DModel.create(StepData.model(parts[0]), PtDeviceType.GPU, 1)) {
      Size3 view = Size3.cube(StepData.viewSize(parts[0]));
      BatchObjective objective =
          way.startsWith("fault")
              ? fault((Objective) objective(parts[1], model, view), way)
              : objective(parts[1], model, view);
      Map<String, Parameter> trained = new LinkedHashMap<>(model.parameters());
      objective.parameters().forEach((key, p) -> trained.put("objective." + key, p));
      try (AdamW optimizer = new AdamW(model.manager(), trained, config.optimizer())) {
        TrainingStep step = new TrainingStep(model, objective, optimizer, config);
        PairBatch batch = StepData.batch(StepData.PAIRS, StepData.viewSize(parts[0]));
        return watched(name, step, batch, way.startsWith("fault") ? 0 : 1);
      }
    }
  }

  /** The step after some, since tables are made once. */
  private static Seen watched(String name, TrainingStep step, PairBatch batch, int before) {
    for (int i = 0; i < before; i++) {
      step.run(i, 1e-4, StepData.repeat(batch), 1);
    }
    PtDeviceType.forget();
    double loss = Double.NaN;
    String error = "";
    Map<String, Integer> waits;
    try (OperationCounter counter =
        OperationCounter.open(() -> StepProfile.part(Thread.currentThread().getStackTrace()))) {
      try {
        loss = step.run(before, 1e-4, StepData.repeat(batch), 1).loss();
      } catch (EngineException | IllegalStateException e) {
        error = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      }
      waits = counter.waits();
    }
    return new Seen(
        name,
        loss,
        error,
        PtDeviceType.onCpu(),
        PtDeviceType.uploads(),
        PtDeviceType.reads(),
        waits);
  }

  private static TrainingConfig config(String way) {
    TrainingConfig.Builder config = TrainingConfig.builder();
    return switch (way) {
      case "micro" -> config.microBatch(1).build();
      case "checkpoints" -> config.checkpointActivations(true).build();
      default -> config.build();
    };
  }

  private static BatchObjective objective(String method, T3DModel model, Size3 view) {
    ObjectiveConfig config =
        switch (method) {
          case "t3d" -> ObjectiveConfig.t3d();
          case "prototypes" ->
              ObjectiveConfig.T3d.defaults()
                  .withTma(TmaConfig.builder().prototypeWeight(1).localViews(true).build());
          case "clip" -> ObjectiveConfig.clip();
          case "siglip" -> ObjectiveConfig.siglip();
          case "simclr" -> ObjectiveConfig.simclr();
          case "vicreg" -> ObjectiveConfig.vicreg();
          case "swav" -> ObjectiveConfig.swav();
          case "masked" -> ObjectiveConfig.masked();
          default -> throw new IllegalArgumentException("no method " + method);
        };
    return Objectives.create(config, model, view, 1);
  }

  /** The objective with a mistake in its midst. */
  private static Objective fault(Objective right, String kind) {
    NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    NDArray table = host.ones(new Shape(2));
    return switch (kind) {
      case "fault-made" ->
          after(
              right,
              total -> {
                try (NDManager cpu = total.getManager().newSubManager(Device.cpu())) {
                  return total.mul(cpu.ones(new Shape(2))).sum();
                }
              });
      case "fault-kept" -> after(right, total -> total.mul(table).sum());
      case "fault-moved" -> after(right, total -> total.add(total.toDevice(Device.cpu(), true)));
      case "fault-reads" -> after(right, total -> Scalars.add(total, total.getFloat()));
      case "fault-waits" ->
          after(right, total -> Scalars.add(total, TorchBridge.borrow(total).item_float()));
      default -> throw new IllegalArgumentException("no fault " + kind);
    };
  }

  private static Objective after(Objective right, UnaryOperator<NDArray> change) {
    return new Objective() {
      @Override
      public LossTerms compute(T3DOutput output, List<String> patientIds) {
        LossTerms terms = right.compute(output, patientIds);
        return new LossTerms(change.apply(terms.total()), terms.parts());
      }

      @Override
      public SentenceSampling sentences() {
        return right.sentences();
      }

      @Override
      public Map<String, Parameter> parameters() {
        return right.parameters();
      }
    };
  }
}
