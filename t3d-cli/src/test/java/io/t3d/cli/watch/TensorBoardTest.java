package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.StepRecord;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.pipeline.PretrainConfig;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog;

class TensorBoardTest {
  private static final Map<String, JsonNode> SETTINGS = FlatSettings.of(PretrainConfig.tiny());

  @TempDir Path out;

  private static StepRecord step(int step, int epoch) {
    return new StepRecord(
        step,
        epoch,
        1e-3,
        2.5,
        Map.of("tma", 0.5),
        0.75,
        12,
        new ProcessGroup.Traffic(0, 0, 0),
        false);
  }

  /** A pair whose view is dark in its left half. */
  private static PairBatch batch() {
    float[] voxels = new float[2 * 4 * 6];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 6 < 3 ? -1 : 1;
    }
    Volume volume = new Volume(voxels, 2, 4, 6, Affine.identity());
    View view = new View(View.Kind.GLOBAL, volume, volume.bounds());
    return new PairBatch(
        List.of(List.of(view), List.of(view)), List.of("a", "b"), List.of("1", "2"));
  }

  private List<Event> written(int startStep, Watcher.End end) throws IOException {
    TensorBoard board = new TensorBoard(out, SETTINGS);
    board.onStart(startStep, 10);
    for (int s = startStep + 1; s <= startStep + 3; s++) {
      board.onStep(step(s, s / 3));
      board.onBatch(batch(), s);
    }
    board.onValidation(Map.of("r5", 0.25), startStep + 3);
    board.ended(end);
    List<Path> files = Events.files(out.resolve("tensorboard"));
    return Events.read(files.get(files.size() - 1));
  }

  private static Map<String, Float> scalars(List<Event> events, long step) {
    Map<String, Float> found = new LinkedHashMap<>();
    for (Event event : events) {
      for (Summary.Value value : event.getSummary().getValueList()) {
        if (event.getStep() == step
            && value.getValueCase() == Summary.Value.ValueCase.SIMPLE_VALUE) {
          found.put(value.getTag(), value.getSimpleValue());
        }
      }
    }
    return found;
  }

  @Test
  void stepsAndValidationsAreScalars() throws IOException {
    List<Event> events = written(0, Watcher.End.FINISHED);

    assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(scalars(events, 1))
        .containsEntry("train/loss", 2.5f)
        .containsEntry("train/tma", 0.5f)
        .containsEntry("train/learningRate", 1e-3f)
        .containsEntry("train/gradNorm", 0.75f)
        .containsEntry("train/volumesPerSecond", 12f)
        .hasSize(5);
    assertThat(scalars(events, 3)).containsEntry("validation/r5", 0.25f);
    assertThat(events.get(2).getWallTime())
        .isCloseTo(System.currentTimeMillis() / 1e3, within(600.0));
  }

  @Test
  void eachEpochHasOnePictureOfItsFirstBatch() throws IOException {
    List<Event> events = written(0, Watcher.End.FINISHED);
    List<Event> pictures =
        events.stream()
            .filter(e -> e.getSummary().getValueList().stream().anyMatch(v -> v.hasImage()))
            .toList();

    assertThat(pictures).extracting(Event::getStep).containsExactly(1L, 3L);
    Summary.Image image = pictures.get(0).getSummary().getValue(0).getImage();
    assertThat(List.of(image.getWidth(), image.getHeight(), image.getColorspace()))
        .containsExactly(12, 4, 1);
    BufferedImage drawn =
        ImageIO.read(new ByteArrayInputStream(image.getEncodedImageString().toByteArray()));
    assertThat(drawn.getRaster().getSample(0, 0, 0)).isZero();
    assertThat(drawn.getRaster().getSample(5, 3, 0)).isEqualTo(255);
    assertThat(drawn.getRaster().getSample(8, 3, 0)).isZero();
    assertThat(drawn.getRaster().getSample(11, 0, 0)).isEqualTo(255);
  }

  /** The first message in a field of a message. */
  private static UnknownFieldSet in(UnknownFieldSet message, int field) throws IOException {
    return UnknownFieldSet.parseFrom(message.getField(field).getLengthDelimitedList().get(0));
  }

  private static UnknownFieldSet hparams(List<Event> events, String tag) throws IOException {
    Summary.Value value =
        events.stream()
            .flatMap(e -> e.getSummary().getValueList().stream())
            .filter(v -> v.getTag().equals(tag))
            .findFirst()
            .orElseThrow();
    assertThat(value.getMetadata().getPluginData().getPluginName()).isEqualTo("hparams");
    assertThat(value.getTensor().getFloatValList()).containsExactly(0f);
    return UnknownFieldSet.parseFrom(value.getMetadata().getPluginData().getContent());
  }

  @Test
  void settingsAndTheEndAreHyperparameters() throws IOException {
    List<Event> events = written(0, Watcher.End.FAILED);

    UnknownFieldSet start = in(hparams(events, "_hparams_/session_start_info"), 3);
    Map<String, UnknownFieldSet> pairs = new LinkedHashMap<>();
    for (ByteString pair : start.getField(1).getLengthDelimitedList()) {
      UnknownFieldSet both = UnknownFieldSet.parseFrom(pair);
      pairs.put(both.getField(1).getLengthDelimitedList().get(0).toStringUtf8(), in(both, 2));
    }
    assertThat(pairs.keySet()).isEqualTo(SETTINGS.keySet()).contains("training.learningRate");
    long bits = pairs.get("training.learningRate").getField(2).getFixed64List().get(0);
    assertThat(Double.longBitsToDouble(bits)).isEqualTo(5e-4);
    assertThat(pairs.get("training.tf32").getField(4).getVarintList()).containsExactly(1L);
    assertThat(pairs.get("training.precision").getField(3).getLengthDelimitedList())
        .containsExactly(ByteString.copyFromUtf8("FLOAT32"));

    UnknownFieldSet end = in(hparams(events, "_hparams_/session_end_info"), 4);
    assertThat(end.getField(1).getVarintList()).as("failed").containsExactly(2L);
    UnknownFieldSet success =
        in(hparams(written(0, Watcher.End.FINISHED), "_hparams_/session_end_info"), 4);
    assertThat(success.getField(1).getVarintList()).containsExactly(1L);
  }

  @Test
  void aResumedRunHasAFileOfItsOwnThatVoidsLaterStepsOfOthers() throws IOException {
    written(0, Watcher.End.KILLED);
    List<Event> resumed = written(2, Watcher.End.FINISHED);

    assertThat(Events.files(out.resolve("tensorboard"))).hasSize(2);
    assertThat(resumed.get(1).getSessionLog().getStatus())
        .isEqualTo(SessionLog.SessionStatus.START);
    assertThat(resumed.get(1).getStep()).isEqualTo(3);
  }

  @Test
  void trainingGoesOnWhereNothingCanBeWritten() throws IOException {
    Files.writeString(out.resolve("tensorboard"), "a file where the folder would be");
    TensorBoard board = new TensorBoard(out, SETTINGS);
    board.onStart(0, 10);
    board.onStep(step(1, 0));
    board.ended(Watcher.End.FINISHED);
    assertThat(out.resolve("tensorboard")).isRegularFile();
  }
}
