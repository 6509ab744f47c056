package io.t3d.cli.pacs;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./t3d pacs}: series from a picture archive over DICOMweb, and results as DICOM. */
@Command(
    name = "pacs",
    description = "Work with a picture archive: pull series (DICOMweb), write reports (DICOM SR).",
    mixinStandardHelpOptions = true,
    subcommands = {PullCommand.class, ReportCommand.class, CommandLine.HelpCommand.class})
public final class PacsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing subcommand: pull or report");
  }
}
