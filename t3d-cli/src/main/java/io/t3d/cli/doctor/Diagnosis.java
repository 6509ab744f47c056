package io.t3d.cli.doctor;

import io.t3d.cli.doctor.Finding.Status;
import java.io.PrintWriter;
import java.util.List;

/**
 * All findings.
 *
 * @param ready whether all is there that work on the CPU needs
 * @param gpus that PyTorch can use
 * @param findings in the order of printing
 */
record Diagnosis(boolean ready, int gpus, List<Finding> findings) {
  static Diagnosis of(List<Finding> findings, int gpus) {
    boolean ready = findings.stream().noneMatch(each -> each.status() == Status.FAILED);
    return new Diagnosis(ready, gpus, List.copyOf(findings));
  }

  void print(PrintWriter out) {
    for (Finding each : findings) {
      out.printf("%-8s %-13s %s%n", each.status(), each.name(), each.found());
      each.mend().ifPresent(mend -> out.printf("%22s to mend: %s%n", "", mend));
    }
    out.println(
        ready
            ? "T3D is ready, on " + (gpus == 0 ? "the CPU" : gpus + (gpus == 1 ? " GPU" : " GPUs"))
            : "T3D does not work here: mend what FAILED");
  }
}
