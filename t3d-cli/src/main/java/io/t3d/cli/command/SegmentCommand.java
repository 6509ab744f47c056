package io.t3d.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./t3d segment}: training and use of segmenters. */
@Command(
    name = "segment",
    description = "Segment volumes: train on masks, write masks, measure them.",
    mixinStandardHelpOptions = true,
    subcommands = {
      SegmentTrainCommand.class,
      SegmentPredictCommand.class,
      SegmentEvaluateCommand.class,
      CommandLine.HelpCommand.class
    })
public final class SegmentCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Missing subcommand: train, predict or evaluate");
  }
}
