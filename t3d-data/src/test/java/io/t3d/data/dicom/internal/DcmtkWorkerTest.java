package io.t3d.data.dicom.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker's answers and deaths, by shell scripts in its place. */
class DcmtkWorkerTest {
  private static final Path SOURCE = Path.of("ct/1.dcm");

  @TempDir Path dir;

  private DcmtkWorker worker(String script) {
    return new DcmtkWorker(List.of("/bin/sh", "-c", script), Duration.ofSeconds(2));
  }

  @Test
  void theFileAppearsWhenTheWorkerHasWrittenIt() throws IOException {
    String script =
        "out=$(sed -n 's/^out\\t//p'); printf new >\"$out\"; printf 'ok\\t1.2\\t3.4\\n'";
    Path out = Files.writeString(dir.resolve("a.dcm"), "old");
    DcmtkWorker.Written written = worker(script).write(new DcmtkRequest(), SOURCE, out);
    assertThat(written).isEqualTo(new DcmtkWorker.Written("1.2", "3.4"));
    assertThat(out).hasContent("new");
    assertThat(dir.toFile().list()).containsExactly("a.dcm");
  }

  @Test
  void eachFailureHasItsMessageAndLeavesNothing() {
    fails(
        "cat >/dev/null; printf 'format\\tit is odd\\n'; exit 1", T3dException.class, "it is odd");
    fails("printf 'system\\tdisk\\n'; exit 1", IOException.class, "was not written: disk");
    fails("printf 'memory\\t\\n'; exit 1", IOException.class, "memoryMiB");
    fails("kill -SEGV $$", IOException.class, "signal 11");
    fails("exit 127", IOException.class, "libdcmtk17");
    fails("exec sleep 30", IOException.class, "time-out after 2 s");
    fails("echo nonsense", IOException.class, "exit code 0");
  }

  private void fails(String script, Class<? extends Exception> type, String message) {
    Path out = dir.resolve("b.dcm");
    String half = "out=$(sed -n 's/^out\\t//p'); printf half >\"$out\"; exec 0<&-; " + script;
    assertThatThrownBy(() -> worker(half).write(new DcmtkRequest(), SOURCE, out))
        .isInstanceOf(type)
        .hasMessageStartingWith("ct/1.dcm: ")
        .hasMessageContaining(message);
    assertThat(dir.toFile().list()).isEmpty();
  }
}
