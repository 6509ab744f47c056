package io.t3d.data.itk.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.itk.internal.read.ItkMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("itk")
class ItkNativesTest {
  @Test
  void theWorkerFindsAllButTheRuntimeOfCBesideIt() throws Exception {
    ProcessBuilder trace = new ProcessBuilder(ItkNatives.worker().toString());
    trace.environment().clear();
    trace.environment().put("LD_TRACE_LOADED_OBJECTS", "1"); // what ldd does
    Process process = trace.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String here = " => " + ItkNatives.folder();
    List<String> elsewhere =
        out.lines()
            .filter(line -> line.contains("=>"))
            .filter(line -> !line.contains(here))
            .map(line -> line.strip().replaceFirst("\\.so.*", ""))
            .toList();
    assertThat(out).contains("libITKCommon", "libgdcmMSFF");
    assertThat(List.of("libstdc++", "libgcc_s", "libc", "libm")).containsAll(elsewhere);
  }

  @Test
  void everyLibraryIsNamedAndEveryPackageHasItsLicence() throws IOException {
    Path folder = ItkNatives.folder();
    String notice = Files.readString(folder.resolve("NOTICE.txt"));
    for (String name : Files.readAllLines(folder.resolve("natives.txt"))) {
      assertThat(folder.resolve(name)).exists();
      if (!name.contains("t3d-itk") && !name.startsWith("libt3d") && !name.startsWith("libjni")) {
        assertThat(notice).contains(name + "  ");
        String owner = notice.replaceAll("(?s).*\\Q" + name + "\\E  (\\S+)\n.*", "$1");
        assertThat(folder.resolve("licenses").resolve(owner + ".txt")).isNotEmptyFile();
      }
    }
  }

  @Test
  void itkRunsInsideTheJvm() throws IOException {
    assertThat(ItkMemory.load()).startsWith("5.2");
  }
}
