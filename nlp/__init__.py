"""Understanding: language, intents, entities, needs, knowledge. Pure; holds no database."""
