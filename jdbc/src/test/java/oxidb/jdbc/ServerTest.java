package oxidb.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** A server for the tests of a class, and a connection for each of them. */
abstract class ServerTest {
  protected static OxiServer server;
  protected Connection connection;

  @BeforeAll
  static void startServer() throws Exception {
    server = new OxiServer();
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @BeforeEach
  void open() throws SQLException {
    connection = server.connect();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }
}
