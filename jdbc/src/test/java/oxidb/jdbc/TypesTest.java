package oxidb.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Calendar;
import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every type of OxiDB through the getters of ResultSet. */
class TypesTest extends ServerTest {
  private Statement statement;

  @BeforeEach
  void prepare() throws SQLException {
    statement = connection.createStatement();
  }

  @AfterEach
  void cleanUp() throws SQLException {
    statement.close();
  }

  private ResultSet one(String expression) throws SQLException {
    ResultSet result = statement.executeQuery("SELECT " + expression + " AS x");
    assertTrue(result.next());
    return result;
  }

  @Test
  void booleans() throws SQLException {
    try (ResultSet r = one("true")) {
      assertEquals(true, r.getObject(1));
      assertTrue(r.getBoolean("x"));
      assertEquals("true", r.getString(1));
      assertEquals(1, r.getInt(1));
      assertFalse(r.wasNull());
      assertFalse(r.next());
    }
  }

  @Test
  void integers() throws SQLException {
    try (ResultSet r = one("(-32768)::smallint")) {
      assertEquals(-32768, ((Number) r.getObject(1)).intValue());
      assertEquals(-32768, r.getShort(1));
      assertEquals(Types.SMALLINT, r.getMetaData().getColumnType(1));
    }
    try (ResultSet r = one("2147483647")) {
      assertEquals(2147483647, r.getObject(1));
      assertEquals(2147483647, r.getInt(1));
      assertEquals(2147483647L, r.getLong(1));
      assertEquals("2147483647", r.getString(1));
      assertEquals(2147483647.0, r.getDouble(1));
      assertEquals(new BigDecimal(2147483647), r.getBigDecimal(1));
    }
    try (ResultSet r = one("9223372036854775807")) {
      assertEquals(Long.MAX_VALUE, r.getObject(1));
      assertEquals(Long.MAX_VALUE, r.getLong(1));
    }
  }

  @Test
  void floats() throws SQLException {
    try (ResultSet r = one("1.5::real")) {
      assertEquals(1.5, ((Number) r.getObject(1)).doubleValue());
      assertEquals(1.5f, r.getFloat(1));
    }
    try (ResultSet r = one("0.1::double precision")) {
      assertEquals(0.1, r.getObject(1));
      assertEquals(0.1, r.getDouble(1));
      assertEquals("0.1", r.getString(1));
    }
    try (ResultSet r = one("'NaN'::double precision")) {
      assertTrue(Double.isNaN(r.getDouble(1)));
    }
  }

  @Test
  void numerics() throws SQLException {
    try (ResultSet r = one("(-1234.50)::numeric(10,2)")) {
      assertEquals(new BigDecimal("-1234.50"), r.getObject(1));
      assertEquals(new BigDecimal("-1234.50"), r.getBigDecimal(1));
      assertEquals("-1234.50", r.getString(1));
      assertEquals(-1234, r.getInt(1));
      ResultSetMetaData m = r.getMetaData();
      assertEquals(10, m.getPrecision(1));
      assertEquals(2, m.getScale(1));
    }
    try (ResultSet r = one("99999999999999999999999999999999999999::numeric(38,0)")) {
      assertEquals(new BigDecimal("99999999999999999999999999999999999999"), r.getBigDecimal(1));
    }
  }

  @Test
  void texts() throws SQLException {
    for (String type : new String[] {"text", "varchar(20)", "char(4)"}) {
      try (ResultSet r = one("'grün'::" + type)) {
        assertEquals("grün", r.getObject(1));
        assertEquals("grün", r.getString(1));
      }
    }
    try (ResultSet r = one("'{\"a\": 1}'::jsonb")) {
      assertEquals("{\"a\": 1}", r.getString(1).replace("\":1", "\": 1"));
    }
    try (ResultSet r = one("''")) {
      assertEquals("", r.getString(1));
      assertFalse(r.wasNull());
    }
  }

  @Test
  void bytes() throws SQLException {
    try (ResultSet r = one("'\\x00ff10'::bytea")) {
      assertArrayEquals(new byte[] {0, -1, 16}, r.getBytes(1));
      assertArrayEquals(new byte[] {0, -1, 16}, (byte[]) r.getObject(1));
    }
  }

  @Test
  void uuids() throws SQLException {
    try (ResultSet r = one("uuid '12345678-1234-5678-1234-567812345678'")) {
      assertEquals(16, r.getBytes(1).length);
      assertEquals(0x12, r.getBytes(1)[0]);
    }
  }

  @Test
  void dates() throws SQLException {
    try (ResultSet r = one("date '2024-02-29'")) {
      assertEquals(Date.valueOf("2024-02-29"), r.getDate(1));
      assertEquals("2024-02-29", r.getString(1));
      assertEquals(Date.valueOf("2024-02-29"), r.getObject(1));
      assertEquals(LocalDate.of(2024, 2, 29), r.getDate(1).toLocalDate());
    }
    try (ResultSet r = one("date '1901-01-01'")) {
      assertEquals(Date.valueOf("1901-01-01"), r.getDate(1));
    }
  }

  @Test
  void times() throws SQLException {
    try (ResultSet r = one("time '01:02:03.456'")) {
      assertEquals(LocalTime.of(1, 2, 3), r.getTime(1).toLocalTime().withNano(0));
      assertTrue(r.getString(1).startsWith("01:02:03"), r.getString(1));
    }
  }

  @Test
  void timestamps() throws SQLException {
    try (ResultSet r = one("timestamp '2024-02-29 12:34:56.789'")) {
      assertEquals(Timestamp.valueOf("2024-02-29 12:34:56.789"), r.getTimestamp(1));
      assertEquals(Timestamp.valueOf("2024-02-29 12:34:56.789"), r.getObject(1));
      assertEquals("2024-02-29", r.getDate(1).toString());
      assertTrue(r.getString(1).startsWith("2024-02-29"), r.getString(1));
    }
    try (ResultSet r = one("timestamptz '2024-02-29 12:34:56+02'")) {
      Calendar utc = Calendar.getInstance(TimeZone.getTimeZone("UTC"));
      Timestamp t = r.getTimestamp(1, utc);
      assertEquals("2024-02-29T10:34:56Z", t.toInstant().toString());
    }
  }

  @Test
  void intervals() throws SQLException {
    try (ResultSet r = one("interval '1 year 2 days 03:04:05'")) {
      assertTrue(r.getString(1) != null && !r.getString(1).isEmpty());
      assertTrue(r.getObject(1) != null);
    }
  }

  @Test
  void nulls() throws SQLException {
    String[] types = {
      "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric(10,2)", "text", "varchar(3)", "char(3)", "bytea", "date", "time",
      "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb"
    };
    for (String type : types) {
      try (ResultSet r = one("NULL::" + type)) {
        // The driver has no getObject for timestamptz: see DriverLimitsTest.
        assertNull(type.equals("timestamptz") ? r.getTimestamp(1) : r.getObject(1), type);
        assertTrue(r.wasNull(), type);
        assertNull(r.getString(1), type);
        assertTrue(r.wasNull(), type);
        assertEquals(1, r.getMetaData().getColumnCount());
      }
    }
    try (ResultSet r = one("NULL::integer")) {
      assertEquals(0, r.getInt(1));
      assertTrue(r.wasNull());
      assertEquals(0L, r.getLong(1));
      assertNull(r.getBigDecimal(1));
    }
    try (ResultSet r = one("NULL")) {
      assertNull(r.getObject(1));
    }
  }

  @Test
  void resultMetaData() throws SQLException {
    try (ResultSet r =
        statement.executeQuery(
            "SELECT 1 AS i, 2::bigint AS b, 'x'::varchar(7) AS v, 'x' AS t, 1.25::numeric(6,3) AS n, true AS f, date '2024-01-01' AS d, now() AS z, now()::timestamp AS p, time '1:00' AS c, '\\x00'::bytea AS y, 1.0::real AS e, 1.0::float8 AS g")) {
      ResultSetMetaData m = r.getMetaData();
      assertEquals(13, m.getColumnCount());
      int[] types = {
        Types.INTEGER, Types.BIGINT, Types.VARCHAR, Types.VARCHAR, Types.DECIMAL, Types.BOOLEAN, Types.DATE, Types.TIMESTAMP_WITH_TIMEZONE, Types.TIMESTAMP,
        Types.TIME, Types.VARBINARY, Types.REAL, Types.DOUBLE
      };
      String[] names = {"i", "b", "v", "t", "n", "f", "d", "z", "p", "c", "y", "e", "g"};
      for (int i = 0; i < types.length; i++) {
        assertEquals(names[i], m.getColumnLabel(i + 1));
        assertEquals(names[i], m.getColumnName(i + 1));
        int type = m.getColumnType(i + 1);
        boolean near = type == types[i] || (types[i] == Types.REAL && type == Types.FLOAT) || (types[i] == Types.TIMESTAMP_WITH_TIMEZONE && type == Types.TIMESTAMP);
        assertTrue(near, names[i] + ": " + type);
        assertFalse(m.getColumnTypeName(i + 1).isEmpty());
      }
      assertEquals("INTEGER", m.getColumnTypeName(1));
      assertEquals(7, m.getPrecision(3));
      assertEquals(3, m.getScale(5));
    }
  }
}
