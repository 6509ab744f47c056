package io.t3d.cli.doctor;

import io.t3d.core.config.Configs;
import io.t3d.core.torch.TorchEngine;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d doctor}: what this machine has, and what mends what it lacks. */
@Command(
    name = "doctor",
    description = {
      "Show processor, memory, GPU, native libraries and caches, and what mends what is missing.",
      "Ends with 0 where all is there that work on the CPU needs, with 1 where it is not."
    },
    mixinStandardHelpOptions = true)
public final class DoctorCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    List<Finding> findings = new ArrayList<>(MachineChecks.all());
    findings.addAll(GpuChecks.all());
    findings.addAll(NativeChecks.all(TorchEngine::get));
    findings.addAll(DiskChecks.all());
    Diagnosis found = Diagnosis.of(findings, NativeChecks.gpus());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.print(Configs.toJson(found));
    } else {
      found.print(out);
    }
    out.flush();
    return found.ready() ? 0 : 1;
  }
}
