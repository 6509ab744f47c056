package io.t3d.cli.command;

import io.t3d.cli.T3dCommand;
import java.io.PrintWriter;
import java.io.StringWriter;

/** One call of the t3d command: its exit code and what it printed. */
public record CommandRun(int exitCode, String out, String err) {
  public static CommandRun of(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    int code = T3dCommand.run(new PrintWriter(out), new PrintWriter(err), words);
    return new CommandRun(code, out.toString(), err.toString());
  }
}
