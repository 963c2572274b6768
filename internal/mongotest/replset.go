package mongotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	setName = "rs0"
	poll    = 10 * time.Millisecond
)

// quickElection is the election timeout that a set begins with.
const quickElection = time.Second

// Initiate makes the servers at hosts ("127.0.0.1:27117") one replica set, waits
// until one is primary and all others have its data, and gives the set's URI.
// Members without news of a primary elect another after election.
func Initiate(ctx context.Context, hosts []string, election time.Duration) (uri string, err error) {
	if len(hosts) == 0 {
		return "", errors.New("initiating a replica set: no hosts")
	}
	clients := make([]*mongo.Client, len(hosts))
	members := make(bson.A, len(hosts))
	for i, host := range hosts {
		c, err := direct(host)
		if err != nil {
			return "", fmt.Errorf("connecting to %s: %w", host, err)
		}
		defer disconnect(c)
		clients[i] = c
		members[i] = bson.D{{Key: "_id", Value: i}, {Key: "host", Value: host}}
	}
	err = clients[0].Database("admin").RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: bson.D{
		{Key: "_id", Value: setName},
		{Key: "members", Value: members},
		{Key: "settings", Value: bson.D{
			{Key: "electionTimeoutMillis", Value: quickElection.Milliseconds()},
			{Key: "heartbeatIntervalMillis", Value: 200},
		}},
	}}}).Err()
	if err != nil {
		return "", fmt.Errorf("initiating a replica set of %s: %w", strings.Join(hosts, ", "), err)
	}
	primary, err := waitPrimary(ctx, clients, func(roles []role) bool {
		for _, r := range roles {
			if !r.Primary && !r.Secondary {
				return false
			}
		}
		return true
	})
	if err == nil && election != quickElection {
		err = calm(ctx, clients[primary], election)
	}
	return address(hosts), err
}

// calm sets the election timeout of a set that runs: the first election waits for
// it, so it begins short.
func calm(ctx context.Context, primary *mongo.Client, election time.Duration) error {
	admin := primary.Database("admin")
	var now struct{ Config bson.M }
	if err := admin.RunCommand(ctx, bson.D{{Key: "replSetGetConfig", Value: 1}}).Decode(&now); err != nil {
		return fmt.Errorf("reading the set's config: %w", err)
	}
	settings, ok := now.Config["settings"].(bson.D)
	version, known := now.Config["version"].(int32)
	if !ok || !known {
		return fmt.Errorf("a set's config without settings: %v", now.Config)
	}
	for i := range settings {
		if settings[i].Key == "electionTimeoutMillis" {
			settings[i].Value = election.Milliseconds()
		}
	}
	now.Config["settings"], now.Config["version"] = settings, version+1
	if err := admin.RunCommand(ctx, bson.D{{Key: "replSetReconfig", Value: now.Config}}).Err(); err != nil {
		return fmt.Errorf("setting the election timeout: %w", err)
	}
	return nil
}

// role is what a member says of itself.
type role struct {
	Primary   bool          `bson:"isWritablePrimary"`
	Secondary bool          `bson:"secondary"`
	Election  bson.ObjectID `bson:"electionId"`
}

// ask gives the roles of all members (none where the client is nil or nothing
// answers) and the primary: of two who think they are, the later elected; -1
// where there is none.
func ask(ctx context.Context, clients []*mongo.Client) (roles []role, primary int) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	roles, primary = make([]role, len(clients)), -1
	for i, c := range clients {
		if c == nil || c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&roles[i]) != nil {
			roles[i] = role{}
		}
		if roles[i].Primary && (primary < 0 || bytes.Compare(roles[i].Election[:], roles[primary].Election[:]) > 0) {
			primary = i
		}
	}
	return roles, primary
}

// waitPrimary asks until there is a primary that takes majority writes and ok
// holds.
func waitPrimary(ctx context.Context, clients []*mongo.Client, ok func([]role) bool) (int, error) {
	for {
		roles, primary := ask(ctx, clients)
		if primary >= 0 && ok(roles) && writable(ctx, clients[primary]) {
			return primary, nil
		}
		select {
		case <-ctx.Done():
			return -1, fmt.Errorf("waiting for a primary: %w; members say %+v", ctx.Err(), roles)
		case <-time.After(poll):
		}
	}
}

// writable reports whether a majority of the set acknowledges a no-op.
func writable(ctx context.Context, c *mongo.Client) bool {
	return c.Database("admin").RunCommand(ctx, bson.D{
		{Key: "appendOplogNote", Value: 1},
		{Key: "data", Value: bson.D{{Key: "set", Value: "ready"}}},
		{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}, {Key: "wtimeout", Value: 1000}}},
	}).Err() == nil
}

// direct connects to one member whatever its role.
func direct(host string) (*mongo.Client, error) {
	return mongo.Connect(options.Client().ApplyURI("mongodb://" + host + "/?directConnection=true").
		SetServerSelectionTimeout(time.Second).SetRetryReads(false).SetRetryWrites(false).
		SetHeartbeatInterval(500 * time.Millisecond).SetServerMonitoringMode("poll"))
}

func disconnect(c *mongo.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Disconnect(ctx)
}

func address(hosts []string) string {
	return "mongodb://" + strings.Join(hosts, ",") + "/?replicaSet=" + setName
}

// withDatabase puts a database's name into a URI.
func withDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + hosts + "/" + name + "?" + query
}
