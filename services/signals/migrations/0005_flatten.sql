-- Kill level 3 sells what is held: intents, flights and their signals of that purpose.
ALTER TABLE intent DROP CONSTRAINT intent_purpose_check;
ALTER TABLE intent ADD CONSTRAINT intent_purpose_check
    CHECK (purpose IN ('entry', 'exit', 'stop_loss', 'take_profit', 'flatten'));
