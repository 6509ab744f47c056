package io.t3d.cli.view;

import io.t3d.cli.option.DeviceOption;
import io.t3d.cli.option.Given;
import io.t3d.cli.option.ResampleMasks;
import io.t3d.cli.option.WindowConverter;
import io.t3d.core.T3dException;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.view.ViewSettings;
import io.t3d.serve.view.Viewer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d view}: a scan in the browser, with a mask and with where sentences look. */
@Command(
    name = "view",
    description = {
      "Show a scan in the browser: windows, a mask, and with a checkpoint where a sentence looks.",
      "The page is served to this machine alone, at an address nobody can guess, until Ctrl-C."
    },
    mixinStandardHelpOptions = true)
public final class ViewCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "SCAN",
      description = "A volume file, e.g. scan.nii.gz, or the folder of a DICOM series.")
  private Path scan;

  @Option(
      names = "--mask",
      paramLabel = "FILE",
      description = "A segmentation of the scan, laid over it, a colour per label.")
  private Optional<Path> mask;

  @Option(
      names = "--label",
      paramLabel = "VALUE=NAME",
      description = "The name of a value of the mask, e.g. 12=nodule; may be given many times.")
  private Map<Integer, String> labels = new LinkedHashMap<>();

  @Mixin private ResampleMasks resampleMasks;

  @Option(
      names = "--window",
      paramLabel = "WINDOW",
      converter = WindowConverter.class,
      description =
          "Grey values at the start: chest, lung, soft-tissue, bone or LEVEL,WIDTH; soft-tissue for"
              + " CT, else all values, when left out.")
  private Optional<IntensityWindow> window;

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description =
          "A checkpoint, or the --out folder of pretrain: for sentences and the probabilities of"
              + " its prompts.")
  private Optional<Path> checkpoint;

  @Mixin private DeviceOption device;

  @Option(
      names = "--port",
      paramLabel = "P",
      defaultValue = "0",
      description = "The port on 127.0.0.1; any free one when left out.")
  private int port;

  @Option(names = "--no-browser", description = "Print the address only.")
  private boolean noBrowser;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (mask.isEmpty() && !labels.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--label names a value of a mask; give --mask too");
    }
    ViewSettings settings =
        Given.by(
            () -> new ViewSettings(scan, mask, resampleMasks.otherGrid(), labels, window, port));
    if (checkpoint.isEmpty()) {
      serve(settings, Optional.empty());
    } else {
      try (TrainedModel model = TrainedModel.open(checkpoint.get(), device.device())) {
        serve(settings, Optional.of(model));
      }
    }
    return 0;
  }

  /** Serves until the process is stopped, or its thread is interrupted. */
  private void serve(ViewSettings settings, Optional<TrainedModel> model) throws IOException {
    try (Viewer viewer = Viewer.start(settings, model)) {
      PrintWriter out = spec.commandLine().getOut();
      out.printf("%s%n", viewer.address());
      out.printf("Only this machine can open it, and only with the whole address. Ctrl-C ends.%n");
      out.flush();
      if (noBrowser) {
        viewer.await();
        return;
      }
      try (Browser browser = Browser.at(viewer.address())) {
        browser.open();
        viewer.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
