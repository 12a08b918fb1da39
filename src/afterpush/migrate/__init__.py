"""MySQL migrations: audit, consolidation, proof."""
