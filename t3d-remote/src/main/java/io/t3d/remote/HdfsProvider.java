package io.t3d.remote;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * {@code hdfs://host:port/path}, by Hadoop's own client, which must be on the class path
 * (hadoop-client-api and hadoop-client-runtime). Its settings are those of {@code HADOOP_CONF_DIR}.
 */
public final class HdfsProvider extends RemoteProvider {
  /** For the service loader. */
  public HdfsProvider() {}

  @Override
  public String getScheme() {
    return "hdfs";
  }

  @Override
  RemoteStore open(String authority) {
    String name = "hdfs://" + authority;
    try {
      return Hadoop.open(name);
    } catch (NoClassDefFoundError e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Reading from "
              + name
              + " needs Hadoop's client on the class path: hadoop-client-api and"
              + " hadoop-client-runtime (docs/remote.md)",
          e);
    } catch (IOException | IllegalArgumentException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The store "
              + name
              + " cannot be opened ("
              + e.getMessage()
              + "); is the address right (HADOOP_CONF_DIR)?",
          e);
    }
  }

  /** What touches Hadoop's classes, which may be missing. */
  private static final class Hadoop {
    private Hadoop() {}

    static RemoteStore open(String name) throws IOException {
      Configuration settings = new Configuration();
      String folder = System.getenv("HADOOP_CONF_DIR");
      if (folder != null) {
        for (String file : List.of("core-site.xml", "hdfs-site.xml")) {
          Path path = Path.of(folder, file);
          if (Files.isRegularFile(path)) {
            settings.addResource(new org.apache.hadoop.fs.Path(path.toUri()));
          }
        }
      }
      boolean usual = name.equals("hdfs://"); // hdfs:///path: the file system of the settings
      return new HdfsStore(
          usual ? FileSystem.get(settings) : FileSystem.get(URI.create(name), settings), name);
    }
  }
}
