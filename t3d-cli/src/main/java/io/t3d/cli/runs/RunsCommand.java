package io.t3d.cli.runs;

import picocli.CommandLine.Command;

/** {@code ./t3d runs}: what lies in the output folders of trainings. */
@Command(
    name = "runs",
    description = "List and compare the output folders of pretrain.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {RunsListCommand.class, RunsCompareCommand.class})
public final class RunsCommand {}
