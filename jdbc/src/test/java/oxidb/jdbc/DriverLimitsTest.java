package oxidb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the driver cannot do, whatever a server answers. A test that fails here is a driver that has learned something: use it. */
class DriverLimitsTest extends ServerTest {
  @BeforeEach
  void prepare() throws SQLException {
    Rows.change(connection, "CREATE TABLE IF NOT EXISTS t (a int)");
    Rows.change(connection, "DELETE FROM t");
  }

  /** commit and rollback send nothing, so that setAutoCommit(false) opens no transaction: BEGIN and COMMIT as text do. */
  @Test
  void rollbackSendsNothing() throws SQLException {
    connection.setAutoCommit(false);
    Rows.change(connection, "INSERT INTO t VALUES (1)");
    connection.rollback();
    connection.setAutoCommit(true);
    assertEquals(List.of("1"), Rows.query(connection, "SELECT count(*) FROM t"));
  }

  @Test
  void batchesOfStatementsAreMissing() throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.addBatch("INSERT INTO t VALUES (1)");
      assertThrows(NullPointerException.class, s::executeBatch);
    }
  }

  /** getTimestamp works, see TypesTest. */
  @Test
  void timestamptzHasNoObject() throws SQLException {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT now()")) {
      r.next();
      assertThrows(RuntimeException.class, () -> r.getObject(1));
    }
  }

  @TestFactory
  List<DynamicTest> missingMetaData() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Method m : DatabaseMetaData.class.getMethods()) {
      if (MetaDataTest.NOT_IN_THE_DRIVER.contains(m.getName())) {
        tests.add(DynamicTest.dynamicTest(m.getName(), () -> assertThrows(InvocationTargetException.class, () -> m.invoke(connection.getMetaData(), MetaDataTest.arguments(m)))));
      }
    }
    return tests;
  }
}
