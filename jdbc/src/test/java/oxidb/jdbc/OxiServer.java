package oxidb.jdbc;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/** A server of the tests' own: bin/oxidb serve, in memory, on a free port. It ends with this process. */
final class OxiServer implements AutoCloseable {
  private final Process process;
  private final String address;

  OxiServer() throws IOException {
    process =
        new ProcessBuilder(binary().toString(), "serve", ":memory:", "--listen", "127.0.0.1:0", "--until-eof")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = output.readLine();
    if (line == null || !line.startsWith("listening on ")) {
      process.destroyForcibly();
      throw new IOException("the server did not start: " + line);
    }
    address = line.substring("listening on ".length());
  }

  private static Path binary() throws IOException {
    String given = System.getenv("OXIDB_BINARY");
    Path path = given != null ? Path.of(given) : Path.of("..", "bin", "oxidb");
    if (!Files.isExecutable(path)) {
      throw new IOException(path.toAbsolutePath() + " is not there: make build");
    }
    return path.toAbsolutePath();
  }

  String url() {
    return "jdbc:arrow-flight-sql://" + address + "/?useEncryption=false";
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url());
  }

  Connection connect(Properties properties) throws SQLException {
    return DriverManager.getConnection(url(), properties);
  }

  /** The processor time that the server has used so far. */
  Duration processorTime() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.getOutputStream().close();
    int code = process.waitFor();
    if (code != 0) {
      throw new IOException("the server ended with " + code);
    }
  }
}
