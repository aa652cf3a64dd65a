package oxidb.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Statements, parameters, batches, transactions, errors, cancelling, large results. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class StatementTest extends ServerTest {
  private static final String ENDLESS =
      "SELECT sum(a.g + b.g) FROM generate_series(1, 1000000) AS a(g), generate_series(1, 1000000) AS b(g)";

  @BeforeEach
  void prepare() throws SQLException {
    Rows.change(connection, "DROP TABLE IF EXISTS item");
    Rows.change(connection, "CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(10,2), day date, at timestamp, ok boolean, ratio double precision, data bytea, clock time, moment timestamptz)");
  }

  @AfterEach
  void cleanUp() throws SQLException {
    connection.close(); // a transaction that it left open ends
    try (Connection other = server.connect()) {
      Rows.change(other, "DROP TABLE item");
    }
  }

  @Test
  void changesTellTheirNumberOfRows() throws SQLException {
    assertEquals(3, Rows.change(connection, "INSERT INTO item (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')"));
    assertEquals(2, Rows.change(connection, "UPDATE item SET name = 'x' WHERE id > 1"));
    assertEquals(1, Rows.change(connection, "DELETE FROM item WHERE id = 3"));
    assertEquals(0, Rows.change(connection, "DELETE FROM item WHERE id = 3"));
    assertEquals(List.of("1,a", "2,x"), Rows.query(connection, "SELECT id, name FROM item ORDER BY id"));
  }

  @Test
  void executeTellsQueriesFromChanges() throws SQLException {
    try (Statement s = connection.createStatement()) {
      assertFalse(s.execute("INSERT INTO item (id) VALUES (1)"));
      assertEquals(1, s.getUpdateCount());
      assertTrue(s.execute("SELECT id FROM item"));
      assertEquals(List.of("1"), Rows.of(s.getResultSet()));
      assertFalse(s.execute("CREATE TABLE other (a int)"));
      assertFalse(s.execute("DROP TABLE other"));
      assertTrue(s.execute("INSERT INTO item (id) VALUES (2) RETURNING id * 10"));
      assertEquals(List.of("20"), Rows.of(s.getResultSet()));
      assertEquals(List.of("2"), Rows.query(connection, "SELECT count(*) FROM item"));
    }
  }

  @Test
  void aStatementIsUsedAgain() throws SQLException {
    try (Statement s = connection.createStatement()) {
      for (int i = 0; i < 20; i++) {
        s.executeUpdate("INSERT INTO item (id) VALUES (" + i + ")");
      }
      try (ResultSet r = s.executeQuery("SELECT count(*) AS n FROM item")) {
        assertTrue(r.next());
        assertEquals(20, r.getInt("n"));
      }
    }
  }

  @Test
  void parametersOfEveryType() throws SQLException {
    Timestamp at = Timestamp.valueOf("2024-02-29 12:34:56.789");
    try (PreparedStatement p = connection.prepareStatement("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      p.setInt(1, 1);
      p.setString(2, "grün");
      // The driver takes numbers of exactly the scale that a parameter has: numeric without digits has 16 behind the point.
      p.setBigDecimal(3, new BigDecimal("12.50").setScale(16));
      p.setDate(4, Date.valueOf("2024-02-29"));
      p.setTimestamp(5, at);
      p.setBoolean(6, true);
      p.setDouble(7, 0.25);
      p.setBytes(8, new byte[] {0, -1});
      p.setTime(9, Time.valueOf("01:02:03"));
      p.setTimestamp(10, at);
      assertEquals(1, p.executeUpdate());
      p.setInt(1, 2);
      int[] types = {Types.VARCHAR, Types.DECIMAL, Types.DATE, Types.TIMESTAMP, Types.BOOLEAN, Types.DOUBLE, Types.VARBINARY, Types.TIME, Types.TIMESTAMP};
      for (int i = 0; i < types.length; i++) {
        p.setNull(i + 2, types[i]);
      }
      assertEquals(1, p.executeUpdate());
    }
    try (Statement s = connection.createStatement(); ResultSet r = s.executeQuery("SELECT * FROM item ORDER BY id")) {
      assertTrue(r.next());
      assertEquals("grün", r.getString("name"));
      assertEquals(new BigDecimal("12.50"), r.getBigDecimal("price"));
      assertEquals(Date.valueOf("2024-02-29"), r.getDate("day"));
      assertEquals(at, r.getTimestamp("at"));
      assertTrue(r.getBoolean("ok"));
      assertEquals(0.25, r.getDouble("ratio"));
      assertArrayEquals(new byte[] {0, -1}, r.getBytes("data"));
      assertEquals("01:02:03", r.getTime("clock").toString());
      assertEquals(at.toInstant(), r.getTimestamp("moment").toInstant());
      assertTrue(r.next());
      for (int i = 2; i <= 9; i++) {
        assertEquals(null, r.getObject(i));
      }
      assertEquals(null, r.getTimestamp(10));
    }
  }

  /** What the driver cannot send as it is goes as text. */
  @Test
  void parametersAsText() throws SQLException {
    try (PreparedStatement p = connection.prepareStatement("INSERT INTO item (id, price, at) VALUES (1, ?::text::numeric, ?::text::timestamp)")) {
      p.setString(1, "12.5");
      p.setString(2, "2024-02-29 12:34:56.789012");
      assertEquals(1, p.executeUpdate());
    }
    assertEquals(List.of("12.50,2024-02-29 12:34:56.789012"), Rows.query(connection, "SELECT price, at::text FROM item"));
  }

  @Test
  void aPreparedQueryIsUsedAgain() throws SQLException {
    Rows.change(connection, "INSERT INTO item (id, name) SELECT g, 'n' || g FROM generate_series(1, 100) AS t(g)");
    try (PreparedStatement p = connection.prepareStatement("SELECT name FROM item WHERE id = ?")) {
      for (int i : new int[] {1, 50, 100, 1}) {
        p.setInt(1, i);
        assertEquals(List.of("n" + i), Rows.of(p.executeQuery()));
      }
      p.setInt(1, 1000);
      assertEquals(List.of(), Rows.of(p.executeQuery()));
    }
  }

  @Test
  void preparedStatementsAreDescribed() throws SQLException {
    try (PreparedStatement p = connection.prepareStatement("SELECT id, name FROM item WHERE price > ? AND name = ? AND day < ?")) {
      ParameterMetaData m = p.getParameterMetaData();
      assertEquals(3, m.getParameterCount());
      assertEquals(Types.DECIMAL, m.getParameterType(1));
      assertEquals(Types.VARCHAR, m.getParameterType(2));
      assertEquals(Types.DATE, m.getParameterType(3));
      ResultSetMetaData r = p.getMetaData();
      assertEquals(2, r.getColumnCount());
      assertEquals("name", r.getColumnName(2));
    }
  }

  @Test
  void batchesOfValues() throws SQLException {
    try (PreparedStatement p = connection.prepareStatement("INSERT INTO item (id, name) VALUES (?, ?)")) {
      for (int i = 0; i < 1000; i++) {
        p.setInt(1, i);
        p.setString(2, "n" + i);
        p.addBatch();
      }
      p.executeBatch();
      assertEquals(List.of("1000,999"), Rows.query(connection, "SELECT count(DISTINCT name), max(id) FROM item"));
      p.setInt(1, 5000);
      p.setString(2, "x");
      p.addBatch();
      p.setInt(1, 1);
      p.setString(2, "duplicate");
      p.addBatch();
      assertThrows(SQLException.class, p::executeBatch);
      assertEquals(List.of("1000"), Rows.query(connection, "SELECT count(*) FROM item"), "a batch takes effect whole, or not at all");
    }
  }

  @Test
  void transactionsAsText() throws SQLException {
    try (Connection other = server.connect()) {
      Rows.change(connection, "BEGIN");
      Rows.change(connection, "INSERT INTO item (id) VALUES (1)");
      assertEquals(List.of("1"), Rows.query(connection, "SELECT count(*) FROM item"));
      assertEquals(List.of("0"), Rows.query(other, "SELECT count(*) FROM item"));
      Rows.change(connection, "ROLLBACK");
      assertEquals(List.of("0"), Rows.query(connection, "SELECT count(*) FROM item"));

      Rows.change(connection, "BEGIN");
      Rows.change(connection, "INSERT INTO item (id) VALUES (1)");
      Rows.change(connection, "SAVEPOINT here");
      try (PreparedStatement p = connection.prepareStatement("INSERT INTO item (id) VALUES (?)")) {
        p.setInt(1, 2);
        assertEquals(1, p.executeUpdate());
      }
      Rows.change(connection, "ROLLBACK TO here");
      Rows.change(connection, "COMMIT");
      assertEquals(List.of("1"), Rows.query(other, "SELECT id FROM item"));
    }
  }

  @Test
  void anOpenTransactionEndsWithItsConnection() throws SQLException {
    try (Connection other = server.connect()) {
      Rows.change(other, "BEGIN");
      Rows.change(other, "INSERT INTO item (id) VALUES (1)");
    }
    assertEquals(List.of("0"), Rows.query(connection, "SELECT count(*) FROM item"));
    Rows.change(connection, "INSERT INTO item (id) VALUES (1)");
  }

  @Test
  void settingsStayInTheSession() throws SQLException {
    Rows.change(connection, "SET timezone = 'Europe/Berlin'");
    assertEquals(List.of("Europe/Berlin"), Rows.query(connection, "SHOW timezone"));
    try (Connection other = server.connect()) {
      assertFalse(Rows.query(other, "SHOW timezone").contains("Europe/Berlin"));
    }
  }

  @Test
  void conflictsTellTheirState() throws SQLException {
    Rows.change(connection, "INSERT INTO item (id) VALUES (1)");
    try (Connection other = server.connect()) {
      Rows.change(connection, "BEGIN");
      Rows.query(connection, "SELECT id FROM item");
      Rows.change(other, "UPDATE item SET name = 'other'");
      SQLException e =
          assertThrows(
              SQLException.class,
              () -> {
                Rows.change(connection, "UPDATE item SET name = 'mine'");
                Rows.change(connection, "COMMIT");
              });
      assertTrue(e.getMessage().contains("40001"), e.getMessage());
      Rows.change(connection, "ROLLBACK");
    }
  }

  @Test
  void errorsTellStateAndPlace() throws SQLException {
    String[][] wrong = {
      {"SELEC 1", "42601"}, {"SELECT nothing FROM item", "42703"}, {"SELECT * FROM missing", "42P01"}, {"SELECT 1/0", "22012"}, {"SELECT 'x'::int", "22P02"},
      {"INSERT INTO item (id) VALUES (NULL)", "23502"}
    };
    for (String[] w : wrong) {
      SQLException e = assertThrows(SQLException.class, () -> Rows.query(connection, w[0]), w[0]);
      assertTrue(chain(e).contains("SQLSTATE " + w[1]), w[0] + ": " + chain(e));
    }
    assertEquals(List.of("1"), Rows.query(connection, "SELECT 1"), "the connection goes on");
  }

  private static String chain(Throwable e) {
    StringBuilder text = new StringBuilder();
    for (; e != null; e = e.getCause()) {
      text.append(e.getMessage()).append('\n');
    }
    return text.toString();
  }

  @Test
  @SuppressWarnings("try") // the driver leaks the values of a failed bind, and says so when it is closed
  void aMissingParameterIsAnError() throws SQLException {
    Connection own = server.connect();
    try (PreparedStatement p = own.prepareStatement("SELECT ?::int + ?::int")) {
      p.setInt(1, 1);
      assertThrows(SQLException.class, () -> Rows.of(p.executeQuery()));
    } finally {
      assertThrows(SQLException.class, own::close, "a driver that has learned to clean up needs no exception here");
    }
  }

  @Test
  void largeResults() throws SQLException {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT g, repeat('x', 100) AS pad FROM generate_series(1, 1000000) AS t(g)")) {
      long n = 0;
      long sum = 0;
      while (r.next()) {
        n++;
        sum += r.getInt(1);
        if (n % 100_000 == 0) {
          assertEquals(100, r.getString(2).length());
        }
      }
      assertEquals(1_000_000, n);
      assertEquals(1_000_000L * 1_000_001 / 2, sum);
    }
  }

  @Test
  void aResultThatIsNotReadToItsEnd() throws SQLException {
    try (Statement s = connection.createStatement()) {
      for (int i = 0; i < 5; i++) {
        ResultSet r = s.executeQuery("SELECT g FROM generate_series(1, 10000000) AS t(g)");
        assertTrue(r.next());
        r.close();
      }
    }
    assertEquals(List.of("1"), Rows.query(connection, "SELECT 1"));
  }

  @Test
  void maxRows() throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.setMaxRows(7);
      assertEquals(7, Rows.of(s.executeQuery("SELECT g FROM generate_series(1, 100000) AS t(g)")).size());
    }
  }

  @Test
  void emptyResultsHaveColumns() throws SQLException {
    try (Statement s = connection.createStatement(); ResultSet r = s.executeQuery("SELECT id, name FROM item WHERE false")) {
      assertEquals("id", r.getMetaData().getColumnName(1));
      assertEquals("name", r.getMetaData().getColumnName(2));
      assertFalse(r.next());
    }
  }

  @Test
  void cancelStopsAQuery() throws Exception {
    try (Statement s = connection.createStatement()) {
      CompletableFuture<SQLException> failure =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  ResultSet r = s.executeQuery(ENDLESS);
                  while (r.next()) {}
                  return null;
                } catch (SQLException e) {
                  return e;
                }
              });
      while (!computing() && !failure.isDone()) {
        Thread.sleep(50);
      }
      s.cancel();
      assertTrue(failure.get(5, TimeUnit.MINUTES) != null, "the cancelled query ends with an error");
    }
    assertEquals(List.of("1"), Rows.query(connection, "SELECT 1"));
  }

  /** Whether the server is at work: it has used more of the processor than what goes before a query takes. */
  private static boolean computing() throws InterruptedException {
    Duration before = server.processorTime();
    Thread.sleep(300);
    return server.processorTime().minus(before).toMillis() > 100;
  }

  @Test
  void manyConnections() throws Exception {
    List<CompletableFuture<List<String>>> all =
        java.util.stream.IntStream.range(0, 16)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          try (Connection c = server.connect()) {
                            Rows.change(c, "INSERT INTO item (id) VALUES (" + i + ")");
                            return Rows.query(c, "SELECT id FROM item WHERE id = " + i);
                          } catch (SQLException e) {
                            throw new IllegalStateException(e);
                          }
                        }))
            .toList();
    for (int i = 0; i < all.size(); i++) {
      assertEquals(List.of(String.valueOf(i)), all.get(i).get());
    }
    assertEquals(List.of("16"), Rows.query(connection, "SELECT count(*) FROM item"));
  }
}
