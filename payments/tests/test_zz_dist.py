from collections import Counter
from payments.tests.test_conservation import *
def test_dist(world):
    test_money_is_conserved_whatever_happens_in_whatever_order(world)
    from payments.models import Deposit, Payout, PspEvent, Withdrawal
    print(Counter(Withdrawal.objects.filter(wallet=world.wallet).values_list("state",flat=True)), Counter(Payout.objects.filter(withdrawal__wallet=world.wallet).values_list("state",flat=True)), Counter(Deposit.objects.filter(wallet=world.wallet).values_list("state",flat=True)), Counter(PspEvent.objects.values_list("state","why")))
