package bind

import "time"

// localToUTC reads micros as wall-clock time in loc and gives the moment in UTC. In the hour that
// daylight saving skips, the zone's standard offset counts, as in PostgreSQL.
func localToUTC(micros int64, loc *time.Location) int64 {
	wall := time.UnixMicro(micros).UTC()
	local := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc)
	return local.UnixMicro()
}
