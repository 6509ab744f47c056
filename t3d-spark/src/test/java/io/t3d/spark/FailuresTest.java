package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private static T3dException of(Throwable e) {
    return (T3dException) Failures.onExecutor(e);
  }

  @Test
  void memoryOfJavaAndOfLibtorchAreToldApart() {
    T3dException java = of(new IllegalStateException(new OutOfMemoryError("Java heap space")));
    assertThat(java.kind()).isEqualTo(Kind.ENVIRONMENT);
    assertThat(java).hasMessageStartingWith("Executor ").hasMessageContaining("executor.memory,");
    T3dException native_ =
        of(
            new IllegalStateException(
                "[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate"
                    + " 4096 bytes. Error code 12"));
    assertThat(native_.kind()).isEqualTo(Kind.ENVIRONMENT);
    assertThat(native_)
        .hasMessageContaining("4096 bytes more wanted")
        .hasMessageContaining("spark.executor.memoryOverhead");
  }

  @Test
  void missingNativesNameTheExecutorAndWhatHelps() {
    T3dException e = of(new UnsatisfiedLinkError("no jnitorch in java.library.path"));
    assertThat(e.kind()).isEqualTo(Kind.ENVIRONMENT);
    assertThat(e)
        .hasMessageStartingWith("Executor ")
        .hasMessageContaining("no jnitorch")
        .hasMessageContaining("docs/spark.md");
    assertThat(e.getMessage()).hasSizeLessThan(300);
  }

  @Test
  void whatATaskThrewIsFoundAmongWhatSparkThrows() {
    T3dException inner = of(new IOException("cut"));
    Exception spark = new Exception("Job aborted", new Exception("Task failed", inner));
    assertThat(Failures.ofJob(spark)).isSameAs(inner);
    assertThat(Failures.onExecutor(inner)).isSameAs(inner);
    IllegalArgumentException bug = new IllegalArgumentException("bug");
    assertThat(Failures.ofJob(bug)).isSameAs(bug);
  }
}
