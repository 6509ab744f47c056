package io.t3d.cli.doctor;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.internal.cuda.CudaNatives;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.TorchEngine;
import io.t3d.data.itk.internal.worker.ItkNatives;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The native libraries: which are loaded, and from where. */
final class NativeChecks {
  private static final String ISAL =
      "io/t3d/data/io/internal/format/linux-x86_64/libjniT3dInflate.so";
  private static final Pattern ITK_VERSION =
      Pattern.compile("libITKCommon-(\\d+(?:\\.\\d+)*)\\.so");

  private NativeChecks() {}

  /**
   * Starts the engine and looks at all libraries.
   *
   * @param engine starts DJL, e.g. {@code TorchEngine::get}
   */
  static List<Finding> all(Supplier<Engine> engine) {
    List<Finding> out = new ArrayList<>();
    boolean started = libtorch(engine, out);
    if (started) {
      Optional<String> reason = TorchBridge.unavailableReason();
      out.add(
          reason.isPresent()
              ? Finding.warning("bridge", reason.get(), "docs/natives.md, \"Without the bridge\"")
              : Finding.ok("bridge", loaded("libjnitorch")));
    }
    out.add(tokenizers());
    out.add(itk());
    out.add(
        NativeChecks.class.getClassLoader().getResource(ISAL) == null
            ? Finding.leftOut(
                "ISA-L",
                "not built in: the JDK unpacks .nii.gz, half as fast",
                "apt-get install libisal-dev g++ make, and build again")
            : Finding.ok("ISA-L", "built in"));
    return out;
  }

  /** GPUs that PyTorch can use; none where it does not start. */
  static int gpus() {
    try {
      return TorchEngine.gpuCount();
    } catch (T3dException e) {
      return 0;
    }
  }

  private static boolean libtorch(Supplier<Engine> engine, List<Finding> out) {
    try {
      Engine started = engine.get();
      try (NDManager manager = started.newBaseManager(ai.djl.Device.cpu())) {
        manager.ones(new Shape(2, 2)).matMul(manager.ones(new Shape(2, 2))).close();
      }
      out.add(Finding.ok("libtorch", started.getVersion() + ", " + loaded("libtorch_cpu")));
      out.add(Finding.ok("djl", Engine.getDjlVersion() + ", " + loaded("libdjl_torch")));
      out.add(gpu());
      return true;
    } catch (T3dException | LinkageError e) {
      out.add(
          Finding.failed(
              "libtorch",
              String.valueOf(e.getMessage()),
              "./mvnw -q dependency:resolve brings the natives; docs/natives.md for other platforms"));
      return false;
    }
  }

  private static Finding gpu() {
    int count = gpus();
    return count > 0
        ? Finding.ok("gpu", count + " that PyTorch can use: gpu0" + (count > 1 ? " …" : ""))
        : Finding.leftOut(
            "gpu", "PyTorch computes on the CPU", "for a GPU: " + CudaNatives.install().reason());
  }

  private static Finding tokenizers() {
    try {
      ReportTokenizer.fromCorpus(List.of("no pleural effusion"), 300, 16);
      return Finding.ok("tokenizers", loaded("libtokenizers"));
    } catch (T3dException | LinkageError e) {
      return Finding.failed(
          "tokenizers",
          String.valueOf(e.getMessage()),
          "free the folder that DJL_CACHE_DIR names, or ~/.djl.ai, and start again");
    }
  }

  private static Finding itk() {
    try {
      Path folder = ItkNatives.folder();
      return Finding.ok("ITK", itkVersion(folder) + folder);
    } catch (IOException e) {
      return Finding.leftOut(
          "ITK",
          "not built in: NIfTI and Zarr are read, DICOM, NRRD and MetaImage are not",
          "apt-get install libinsighttoolkit5-dev g++ make, and build again (docs/natives-itk.md)");
    }
  }

  private static String itkVersion(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(each -> ITK_VERSION.matcher(each.getFileName().toString()))
          .filter(Matcher::find)
          .map(found -> found.group(1) + ", ")
          .findFirst()
          .orElse("");
    }
  }

  /** Where a library of this process lies, by the start of its name, on Linux. */
  private static String loaded(String name) {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return "loaded";
    }
    try (Stream<String> lines = Files.lines(maps)) {
      return lines
          .filter(
              line -> line.contains("/") && line.substring(line.lastIndexOf('/')).contains(name))
          .map(line -> line.substring(line.indexOf('/')))
          .findFirst()
          .orElse("loaded");
    } catch (IOException e) {
      return "loaded";
    }
  }
}
