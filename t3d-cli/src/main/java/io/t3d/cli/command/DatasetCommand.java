package io.t3d.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./t3d dataset}: published data sets. */
@Command(
    name = "dataset",
    description = "Make manifests from published data sets.",
    mixinStandardHelpOptions = true,
    subcommands = {DatasetBuildCommand.class, CommandLine.HelpCommand.class})
public final class DatasetCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing subcommand: build");
  }
}
