package mongo

import (
	_ "go.mongodb.org/mongo-driver/v2/mongo"
)
