package flight

import (
	"context"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// Session options beside the settings.
const (
	optionCatalog = "catalog"
	optionSchema  = "schema"
)

// SetSessionOptions sets the client's schema and settings. It makes the session that the answer's
// cookie offers: a client that ignores cookies loses what it sets.
func (s *service) SetSessionOptions(ctx context.Context, req *flight.SetSessionOptionsRequest) (*flight.SetSessionOptionsResult, error) {
	caller := callerOf(ctx)
	c, done, err := s.clientSession(caller.session, caller.user)
	if err != nil {
		return nil, err
	}
	defer done()
	c.stateful.Store(true)
	result := &flight.SetSessionOptionsResult{Errors: map[string]*flight.SetSessionOptionsResultError{}}
	for name, value := range req.GetSessionOptions() {
		if err := s.setOption(ctx, c.Session, name, value); err != nil {
			code := flight.SetSessionOptionsResultErrorInvalidValue
			if sqlerr.StateOf(err) == sqlerr.UndefinedObject {
				code = flight.SetSessionOptionsResultErrorInvalidName
			}
			result.Errors[name] = &flight.SetSessionOptionsResultError{Value: code}
		}
	}
	return result, nil
}

func (s *service) setOption(ctx context.Context, session *oxidb.Session, name string, value *pb.SessionOptionValue) error {
	text, ok := optionText(value)
	switch {
	case !ok: // an absent value resets
		_, err := session.Exec(ctx, "RESET "+quote(settingOf(name)))
		return err
	case name == optionCatalog:
		return checkCatalog(&text)
	case name == optionSchema:
		found, err := texts(ctx, session, "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1", text)
		if err == nil && len(found) == 0 {
			err = sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", text)
		}
		if err != nil {
			return err
		}
		text = quote(text)
	}
	return session.Set(settingOf(name), text)
}

// settingOf is the setting behind an option.
func settingOf(option string) string {
	if option == optionSchema {
		return "search_path"
	}
	return option
}

// optionText is the option's value as a setting's text; false for an absent one.
func optionText(v *pb.SessionOptionValue) (string, bool) {
	switch v := v.GetOptionValue().(type) {
	case *pb.SessionOptionValue_StringValue:
		return v.StringValue, true
	case *pb.SessionOptionValue_BoolValue:
		return strconv.FormatBool(v.BoolValue), true
	case *pb.SessionOptionValue_Int64Value:
		return strconv.FormatInt(v.Int64Value, 10), true
	case *pb.SessionOptionValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64), true
	case *pb.SessionOptionValue_StringListValue_:
		return strings.Join(v.StringListValue.GetValues(), ", "), true
	}
	return "", false
}

// GetSessionOptions gives catalog, schema and all settings.
func (s *service) GetSessionOptions(ctx context.Context, _ *flight.GetSessionOptionsRequest) (*flight.GetSessionOptionsResult, error) {
	l, err := s.lease(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer l.done()
	rows, err := texts(ctx, l.Session, "SHOW ALL")
	if err != nil {
		return nil, err
	}
	options := map[string]*pb.SessionOptionValue{optionCatalog: stringOption(catalogName)}
	for _, r := range rows {
		options[r[0]] = stringOption(r[1])
		if r[0] == settingOf(optionSchema) {
			schema, _, _ := strings.Cut(r[1], ",")
			options[optionSchema] = stringOption(strings.ReplaceAll(strings.Trim(strings.TrimSpace(schema), `"`), `""`, `"`))
		}
	}
	return &flight.GetSessionOptionsResult{SessionOptions: options}, nil
}

func stringOption(v string) *pb.SessionOptionValue {
	return &pb.SessionOptionValue{OptionValue: &pb.SessionOptionValue_StringValue{StringValue: v}}
}

// CloseSession ends the client's session and rolls its transaction back. A client without session
// gets the same answer.
func (s *service) CloseSession(ctx context.Context, _ *flight.CloseSessionRequest) (*flight.CloseSessionResult, error) {
	id := callerOf(ctx).session
	if c, done, ok := s.sessions.use(id); ok {
		c.stateful.Store(false)
		s.sessions.remove(id)
		done()
	}
	return &flight.CloseSessionResult{Status: flight.CloseSessionResultClosed}, nil
}
