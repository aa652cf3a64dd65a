package oxidb.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.RowIdLifetime;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every method of DatabaseMetaData, and what the important ones say. */
class MetaDataTest {
  private static OxiServer server;
  private static Connection connection;
  private static DatabaseMetaData meta;

  @BeforeAll
  static void start() throws Exception {
    server = new OxiServer();
    connection = server.connect();
    for (String sql :
        new String[] {
          "CREATE SCHEMA side",
          "CREATE TABLE parent (id int PRIMARY KEY, name varchar(10) NOT NULL, price numeric(8,3), note text)",
          "CREATE TABLE child (a bigint, b smallint, p int REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL, PRIMARY KEY (b, a))",
          "CREATE TABLE side.other (x int, day date, at timestamptz)",
          "CREATE TABLE \"odd_name%\" (\"a b\" int)",
          "CREATE TABLE side.counted (n bigint GENERATED ALWAYS AS IDENTITY, s serial, x int)",
          "CREATE VIEW seen AS SELECT id, name FROM parent"
        }) {
      Rows.change(connection, sql);
    }
    meta = connection.getMetaData();
  }

  @AfterAll
  static void stop() throws Exception {
    connection.close();
    server.close();
  }

  /** What the driver has not written yet, whatever the server says: DriverLimitsTest notices when it has. */
  static final List<String> NOT_IN_THE_DRIVER =
      List.of(
          "getDefaultTransactionIsolation", "othersDeletesAreVisible", "othersInsertsAreVisible", "othersUpdatesAreVisible", "ownDeletesAreVisible",
          "ownInsertsAreVisible", "ownUpdatesAreVisible", "deletesAreDetected", "insertsAreDetected", "updatesAreDetected", "supportsResultSetHoldability");

  @TestFactory
  List<DynamicTest> everyMethodAnswers() {
    List<DynamicTest> tests = new ArrayList<>();
    Method[] methods = DatabaseMetaData.class.getMethods();
    Arrays.sort(methods, Comparator.comparing(Method::toString));
    for (Method m : methods) {
      if (NOT_IN_THE_DRIVER.contains(m.getName())) {
        continue;
      }
      tests.add(DynamicTest.dynamicTest(m.getName() + "/" + m.getParameterCount(), () -> answer(m)));
    }
    return tests;
  }

  private static void answer(Method method) throws Exception {
    Object value;
    try {
      value = method.invoke(meta, arguments(method));
    } catch (InvocationTargetException e) {
      throw new AssertionError(method.getName(), e.getCause());
    }
    if (value instanceof ResultSet result) {
      Rows.of(result);
    } else if (method.getReturnType() != String.class) {
      assertNotNull(value);
    }
  }

  static Object[] arguments(Method method) {
    Object[] arguments = new Object[method.getParameterCount()];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = argument(method, i);
    }
    return arguments;
  }

  private static Object argument(Method method, int i) {
    Class<?> type = method.getParameterTypes()[i];
    if (type == int.class) {
      return switch (method.getName()) {
        case "supportsConvert" -> Types.INTEGER;
        case "supportsResultSetType", "supportsResultSetConcurrency" -> ResultSet.TYPE_FORWARD_ONLY + i * (ResultSet.CONCUR_READ_ONLY - ResultSet.TYPE_FORWARD_ONLY);
        default -> Connection.TRANSACTION_SERIALIZABLE;
      };
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == Class.class) {
      return DatabaseMetaData.class;
    }
    if (type == String.class) {
      boolean named = method.getName().endsWith("Keys") || method.getName().equals("getCrossReference");
      return named && i % 3 == 2 ? "parent" : null;
    }
    return null;
  }

  @Test
  void product() throws SQLException {
    assertEquals("OxiDB", meta.getDatabaseProductName());
    assertFalse(meta.getDatabaseProductVersion().isEmpty());
    assertEquals("\"", meta.getIdentifierQuoteString());
    assertEquals("\\", meta.getSearchStringEscape());
    assertEquals(".", meta.getCatalogSeparator());
    assertEquals("schema", meta.getSchemaTerm());
    assertTrue(meta.getSQLKeywords().contains("SELECT"));
    assertTrue(meta.getNumericFunctions().contains("sqrt"));
    assertTrue(meta.getStringFunctions().contains("upper"));
    assertTrue(meta.getTimeDateFunctions().contains("date_trunc"));
    assertTrue(meta.getSystemFunctions().contains("version"));
    assertEquals(RowIdLifetime.ROWID_UNSUPPORTED, meta.getRowIdLifetime());
    assertEquals(connection, meta.getConnection());
  }

  @Test
  void abilities() throws SQLException {
    assertFalse(meta.isReadOnly());
    assertTrue(meta.allTablesAreSelectable());
    assertTrue(meta.nullPlusNonNullIsNull());
    assertTrue(meta.supportsColumnAliasing());
    assertTrue(meta.supportsGroupBy() && meta.supportsGroupByUnrelated() && meta.supportsGroupByBeyondSelect());
    assertTrue(meta.supportsOrderByUnrelated() && meta.supportsExpressionsInOrderBy());
    assertTrue(meta.supportsUnion() && meta.supportsUnionAll());
    assertTrue(meta.supportsOuterJoins());
    assertTrue(meta.supportsCorrelatedSubqueries() && meta.supportsSubqueriesInExists() && meta.supportsSubqueriesInIns());
    assertTrue(meta.supportsSubqueriesInComparisons() && meta.supportsSubqueriesInQuantifieds());
    assertTrue(meta.supportsMinimumSQLGrammar() && meta.supportsCoreSQLGrammar() && meta.supportsANSI92EntryLevelSQL());
    assertTrue(meta.supportsIntegrityEnhancementFacility(), "there are foreign keys");
    assertTrue(meta.supportsTransactions() && meta.supportsSavepoints());
    assertTrue(meta.supportsTransactionIsolationLevel(Connection.TRANSACTION_SERIALIZABLE));
    assertTrue(meta.supportsTransactionIsolationLevel(Connection.TRANSACTION_REPEATABLE_READ));
    assertFalse(meta.dataDefinitionCausesTransactionCommit() || meta.dataDefinitionIgnoredInTransactions());
    assertTrue(meta.supportsBatchUpdates());
    assertTrue(meta.supportsNonNullableColumns());
    assertTrue(meta.supportsConvert(Types.INTEGER, Types.VARCHAR));
    assertTrue(meta.supportsResultSetType(ResultSet.TYPE_FORWARD_ONLY));
    assertTrue(meta.supportsSchemasInDataManipulation() && meta.supportsSchemasInTableDefinitions());
    assertFalse(meta.supportsSelectForUpdate() || meta.supportsStoredProcedures() || meta.supportsPositionedUpdate());
  }

  @Test
  void catalogsSchemasAndTypes() throws SQLException {
    assertEquals(List.of("oxidb"), Rows.of(meta.getCatalogs()));
    assertEquals(List.of("information_schema", "public", "side"), Rows.of(meta.getSchemas(), "TABLE_SCHEM"));
    assertEquals(List.of("side,oxidb"), Rows.of(meta.getSchemas("oxidb", "s%"), "TABLE_SCHEM", "TABLE_CATALOG"));
    assertEquals(List.of(), Rows.of(meta.getSchemas("none", null)));
    assertEquals(List.of("TABLE", "VIEW"), Rows.of(meta.getTableTypes()));
  }

  @Test
  void tables() throws SQLException {
    String[] columns = {"TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"};
    assertEquals(
        List.of("oxidb,public,child,TABLE", "oxidb,public,odd_name%,TABLE", "oxidb,public,parent,TABLE", "oxidb,public,seen,VIEW"),
        Rows.of(meta.getTables(null, "public", "%", null), columns));
    assertEquals(List.of("oxidb,side,counted,TABLE", "oxidb,side,other,TABLE"), Rows.of(meta.getTables("oxidb", "si__", null, null), columns));
    assertEquals(List.of("oxidb,public,seen,VIEW"), Rows.of(meta.getTables(null, "public", null, new String[] {"VIEW"}), columns));
    assertEquals(List.of("oxidb,public,odd_name%,TABLE"), Rows.of(meta.getTables(null, null, "odd\\_name\\%", null), columns));
    assertEquals(List.of(), Rows.of(meta.getTables("none", null, null, null), columns));
    assertEquals(List.of(), Rows.of(meta.getTables(null, null, "PARENT", null), columns));
    assertTrue(Rows.of(meta.getTables(null, null, null, null), columns).contains("oxidb,information_schema,columns,VIEW"));
  }

  @Test
  void columns() throws SQLException {
    assertEquals(
        List.of("id,4,integer,1,NO,NO", "name,12,character varying,2,NO,NO", "price,3,numeric,3,YES,NO", "note,12,text,4,YES,NO"),
        Rows.of(meta.getColumns(null, "public", "parent", null), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "ORDINAL_POSITION", "IS_NULLABLE", "IS_AUTOINCREMENT"));
    assertEquals(
        List.of("price,8,3,10"),
        Rows.of(meta.getColumns("oxidb", null, "par%", "pr%"), "COLUMN_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "NUM_PREC_RADIX"));
    assertEquals(List.of("n,YES", "s,YES", "x,NO"), Rows.of(meta.getColumns(null, null, "counted", null), "COLUMN_NAME", "IS_AUTOINCREMENT"));
    assertEquals(List.of("side,other,at,timestamp with time zone"), Rows.of(meta.getColumns(null, "side", null, "at"), "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "TYPE_NAME"));
    assertEquals(List.of("odd_name%,a b"), Rows.of(meta.getColumns(null, null, "odd%", null), "TABLE_NAME", "COLUMN_NAME"));
    assertEquals(List.of("id", "name"), Rows.of(meta.getColumns(null, null, "seen", null), "COLUMN_NAME"));
    assertEquals(List.of(), Rows.of(meta.getColumns(null, null, "missing", null), "COLUMN_NAME"));
  }

  @Test
  void keys() throws SQLException {
    assertEquals(
        List.of("oxidb,public,child,b,1,child_pkey", "oxidb,public,child,a,2,child_pkey"),
        Rows.of(meta.getPrimaryKeys(null, null, "child"), "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME"));
    assertEquals(List.of(), Rows.of(meta.getPrimaryKeys(null, "side", "other")));
    String[] columns = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ", "UPDATE_RULE", "DELETE_RULE", "FK_NAME", "PK_NAME"};
    String key = "parent,id,child,p,1," + DatabaseMetaData.importedKeySetNull + "," + DatabaseMetaData.importedKeyCascade + ",child_p_fkey,parent_pkey";
    assertEquals(List.of(key), Rows.of(meta.getImportedKeys(null, null, "child"), columns));
    assertEquals(List.of(key), Rows.of(meta.getExportedKeys(null, "public", "parent"), columns));
    assertEquals(List.of(key), Rows.of(meta.getCrossReference(null, null, "parent", null, null, "child"), columns));
    assertEquals(List.of(), Rows.of(meta.getImportedKeys(null, null, "parent"), columns));
    assertEquals(List.of(), Rows.of(meta.getCrossReference(null, null, "child", null, null, "parent"), columns));
  }
}
