"""Words every context uses: money, periods, days, ids, errors, facts."""
